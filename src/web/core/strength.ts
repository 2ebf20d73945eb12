import { useEffect, useState } from 'react';
import wordLists from 'virtual:word-lists';
import type { StrengthAnswer, StrengthQuestion } from './strength.worker';

export interface Strength {
  /** From 0, very weak, to 4, very strong. */
  score: number;
  warning: string | null;
}

/** What follows adds nothing a person could use, and costs time that grows faster than the length. */
const estimatedLength = 32;
const typingPause = 120;

let worker: Worker | null = null;
let lastId = 0;

/** An estimate of a password while it is typed. Null until there is one; its list of words loads with the first letter. */
export function useStrength(password: string, context: string[]): Strength | null {
  const [strength, setStrength] = useState<Strength | null>(null);
  const words = context.join('\n');
  useEffect(() => {
    if (!password) {
      setStrength(null);
      return undefined;
    }
    worker ??= new Worker(new URL('./strength.worker.ts', import.meta.url), { type: 'module' });
    const asked = worker;
    const id = ++lastId;
    const hear = ({ data }: MessageEvent<StrengthAnswer>) => {
      if (data.id === id) setStrength({ score: data.score, warning: data.warning });
    };
    asked.addEventListener('message', hear);
    const timer = setTimeout(() => {
      const question: StrengthQuestion = {
        id,
        password: password.slice(0, estimatedLength),
        context: words.split('\n'),
        wordLists,
      };
      asked.postMessage(question);
    }, typingPause);
    return () => {
      clearTimeout(timer);
      asked.removeEventListener('message', hear);
    };
  }, [password, words]);
  return strength;
}
