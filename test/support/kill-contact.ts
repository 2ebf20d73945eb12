/** Errands about how people are reached, and about what they say was not them. */
import { owners, type Errand } from './kill-errand.js';
import { waysOf, type Citizen } from './kill-people.js';

const newNumber = (random: () => number): string => `+4790${String(Math.floor(random() * 1e6)).padStart(6, '0')}`;

/** Which of their addresses is in force is found out by trying all. */
const mayBeAnywhere = (citizen: Citizen): void => {
  const own = citizen.addresses.filter((address) => address.endsWith('@example.org'));
  citizen.ways = waysOf(
    own,
    citizen.ways.map(({ password }) => password),
  );
  Object.assign(citizen.notes, { phone: null, channel: undefined, isVoid: true });
};

const profile: readonly Errand[] = [
  {
    mutation: 'changeDisplayName',
    evidence: [],
    kinds: owners,
    needs: 'session',
    input: (_citizen, { random }) =>
      random() < 0.5 ? { displayName: `Citizen ${Math.floor(random() * 1000)}` } : undefined,
    holds: ({ displayName }: { displayName: string }) => ['display name', displayName],
  },
];

const phone: readonly Errand[] = [
  {
    mutation: 'addPhoneNumber',
    evidence: ['phone_number_changed'],
    kinds: owners,
    needs: 'session',
    input({ notes }, { random }) {
      if (notes.phone) return undefined;
      notes.phone = { number: newNumber(random), isVerified: false };
      return { phoneNumber: notes.phone.number };
    },
    lost: ({ notes }) => (notes.phone = null),
  },
  {
    mutation: 'verifyPhoneNumber',
    soon: true,
    evidence: ['phone_number_changed'],
    kinds: owners,
    needs: 'session',
    atOnce: 2,
    input({ notes }, { letters }) {
      const code = notes.phone?.isVerified === false ? letters.code(notes.phone.number) : undefined;
      return code === undefined ? undefined : { code };
    },
    then: ({ notes }) => notes.phone && (notes.phone.isVerified = true),
    refused: ({ notes }) => (notes.phone = null),
    lost: ({ notes }) => Object.assign(notes, { phone: null, channel: undefined }),
  },
  {
    mutation: 'chooseNotificationChannel',
    evidence: ['notification_channel_changed'],
    kinds: ['plain', 'guarded'],
    needs: 'session',
    input({ notes }, { random }) {
      if (!notes.phone?.isVerified || notes.channel === undefined || random() < 0.5) return undefined;
      return { channel: notes.channel === 'EMAIL' ? 'SMS' : 'EMAIL' };
    },
    then: ({ notes }) => (notes.channel = notes.channel === 'EMAIL' ? 'SMS' : 'EMAIL'),
    lost: ({ notes }) => (notes.channel = undefined),
  },
  {
    mutation: 'removePhoneNumber',
    evidence: ['phone_number_changed'],
    kinds: owners,
    needs: 'session',
    // The guarded are about to make a factor of it.
    input: ({ kind, notes }, { random }) =>
      notes.phone?.isVerified && !notes.sms && random() < (kind === 'guarded' ? 0.1 : 0.3) ? null : undefined,
    then: ({ notes }) => Object.assign(notes, { phone: null, channel: 'EMAIL' }),
    lost: ({ notes }) => Object.assign(notes, { phone: null, channel: undefined }),
  },
];

const address: readonly Errand[] = [
  {
    mutation: 'changeEmail',
    evidence: ['email_change_requested'],
    kinds: owners,
    needs: 'session',
    input({ kind, name, addresses }, { random }) {
      if (kind !== 'moving') {
        return random() < 0.3 ? { newEmail: `elsewhere${Math.floor(random() * 1e9)}@example.net` } : undefined;
      }
      if (addresses.length > 3) return undefined;
      const newEmail = `${name}.${addresses.length}@example.org`;
      addresses.push(newEmail);
      return { newEmail };
    },
  },
  {
    mutation: 'confirmEmailChange',
    soon: true,
    evidence: ['email_changed'],
    kinds: ['moving'],
    needs: 'nothing',
    atOnce: 2,
    input(citizen, { letters }) {
      const found = letters.token(citizen, 'confirm-email');
      if (!found || citizen.ways.length !== 1) return undefined;
      citizen.usedTokens.add(found.token);
      // Whoever does not hear of it may have the new address, and has it in mind first.
      citizen.ways = waysOf([...citizen.ways.map(({ email }) => email), found.to], [citizen.ways[0]?.password ?? '']);
      return { token: found.token };
    },
    then: (citizen) => (citizen.ways = citizen.ways.slice(-1)),
    refused: (citizen) => (citizen.ways = citizen.ways.slice(0, -1)),
  },
];

const notMe: readonly Errand[] = [
  {
    mutation: 'disownSecurityEvent',
    evidence: ['event_disowned'],
    kinds: ['moving'],
    needs: 'nothing',
    atOnce: 2,
    input(citizen, { letters, random }) {
      const found = random() < 0.2 ? letters.token(citizen, 'not-me') : undefined;
      if (!found) return undefined;
      citizen.usedTokens.add(found.token);
      return { token: found.token };
    },
    then(citizen) {
      if (citizen.session) citizen.over.push(citizen.session);
      citizen.session = null;
      mayBeAnywhere(citizen);
    },
    lost: mayBeAnywhere,
  },
  {
    mutation: 'reportSecurityEvent',
    evidence: ['event_disowned', 'password_reset_link_asked'],
    kinds: ['moving'],
    needs: 'session',
    selection: '... on ReportSecurityEventSuccess { sessionToken }',
    input({ notes }, { random }) {
      const eventId = random() < 0.6 ? notes.events.pop() : undefined;
      return eventId === undefined ? undefined : { eventId };
    },
    then: mayBeAnywhere,
    lost: mayBeAnywhere,
  },
];

export const contactErrands: readonly Errand[] = [...profile, ...phone, ...address, ...notMe];
