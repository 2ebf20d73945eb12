/**
 * What the windows of one browser tell each other about the session, so that the first window notices when a second one
 * signed out, signed in or reset the password. Only the kind of change travels, never a secret.
 */
export type SessionChange = 'signed-in' | 'signed-out' | 'password-reset' | 'ended';

type Listener = (change: SessionChange, from: 'here' | 'another-window') => void;

const storageKey = 'rekey:session-change';
const listeners = new Set<Listener>();
const forgetters = new Set<() => void | Promise<unknown>>();
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('rekey:session') : null;
let lastHeard = '';

interface Message {
  id: string;
  change: SessionChange;
}

function hear(message: Message | null): void {
  // Both ways may carry the same message; the second one is dropped.
  if (!message || typeof message.id !== 'string' || message.id === lastHeard) return;
  lastHeard = message.id;
  void forgetPerson().then(() => listeners.forEach((listener) => listener(message.change, 'another-window')));
}

channel?.addEventListener('message', (event: MessageEvent<Message>) => hear(event.data));
window.addEventListener('storage', (event) => {
  if (event.key !== storageKey || !event.newValue) return;
  try {
    hear(JSON.parse(event.newValue) as Message);
  } catch {
    // Not ours: something else wrote under this key.
  }
});

/** Tell every window of this browser, this one included, and drop what is known about the person. */
export async function announce(change: Exclude<SessionChange, 'ended'>): Promise<void> {
  await forgetPerson();
  const message: Message = { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, change };
  channel?.postMessage(message);
  try {
    localStorage.setItem(storageKey, JSON.stringify(message));
    localStorage.removeItem(storageKey);
  } catch {
    // Storage may be switched off; the channel is enough where both exist.
  }
  listeners.forEach((listener) => listener(change, 'here'));
}

/** The server said that nobody is signed in any more: it was ended on another device, or it lapsed. */
export async function sessionEnded(): Promise<void> {
  await forgetPerson();
  listeners.forEach((listener) => listener('ended', 'here'));
}

export function onSessionChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Register what must be emptied when the person changes: the Apollo cache, once it is loaded. */
export function onForgetPerson(forget: () => void | Promise<unknown>): void {
  forgetters.add(forget);
}

async function forgetPerson(): Promise<void> {
  await Promise.allSettled([...forgetters].map((forget) => forget()));
}
