/**
 * Estimates how hard a password is to guess, away from the page so that typing never stutters. Everything stays in the
 * browser. Two of the English lists are left out: they weigh more than the pages and change little at this length.
 */
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import graphs from '@zxcvbn-ts/language-common/dist/adjacencyGraphs.json.mjs';
import passwords from '@zxcvbn-ts/language-common/dist/passwords.json.mjs';
import firstnames from '@zxcvbn-ts/language-en/dist/firstnames.json.mjs';
import wikipedia from '@zxcvbn-ts/language-en/dist/wikipedia.json.mjs';

export interface StrengthQuestion {
  id: number;
  password: string;
  context: string[];
}

export interface StrengthAnswer {
  id: number;
  score: number;
  warning: string | null;
}

const estimator = new ZxcvbnFactory({ dictionary: { passwords, firstnames, wikipedia }, graphs });

self.addEventListener('message', ({ data }: MessageEvent<StrengthQuestion>) => {
  const { score, feedback } = estimator.check(data.password, data.context);
  self.postMessage({ id: data.id, score, warning: feedback.warning } satisfies StrengthAnswer);
});
