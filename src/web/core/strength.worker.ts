/** Estimates how hard a password is to guess, away from the page so that typing never stutters. Nothing leaves the browser. */
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import graphs from '@zxcvbn-ts/language-common/dist/adjacencyGraphs.json.mjs';

export interface StrengthQuestion {
  id: number;
  password: string;
  context: string[];
  /** Where the lists of words are: the same in every question. */
  wordLists: string;
}

export interface StrengthAnswer {
  id: number;
  score: number;
  warning: string | null;
}

let estimator: Promise<ZxcvbnFactory> | null = null;

async function makeEstimator(address: string): Promise<ZxcvbnFactory> {
  const text = await (await fetch(address)).text();
  const lists = text.split('\n').map((line): [string, string[]] => {
    const [name = '', ...words] = line.split(' ');
    return [name, words];
  });
  return new ZxcvbnFactory({ dictionary: Object.fromEntries(lists), graphs });
}

self.addEventListener('message', ({ data }: MessageEvent<StrengthQuestion>) => {
  estimator ??= makeEstimator(data.wordLists);
  void estimator.then(
    (made) => {
      const { score, feedback } = made.check(data.password, data.context);
      self.postMessage({ id: data.id, score, warning: feedback.warning } satisfies StrengthAnswer);
    },
    // Without the lists there is no estimate, until the next question asks for them again.
    () => (estimator = null),
  );
});
