/** What every page may need: the frame, failures of the service, and problems by their code. */
import { count, wait } from './language';

export const common = {
  product: 'Rekey',
  skipToContent: 'Skip to content',
  mainNavigation: 'Main',
  loading: 'Loading…',
  back: 'Back',
  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',
  optional: 'optional',
  showMore: 'Show more',
  tryAgain: 'Try again',
  notLoaded: 'This could not be loaded.',

  openAgain: {
    title: 'This page stopped',
    text: 'Something on this page went wrong. Nothing you saved is lost.',
    again: 'Load it again',
  },

  notFound: {
    title: 'There is no page here',
    text: 'The address may be mistyped, or the page has moved.',
    home: 'Go to the start page',
  },

  faults: {
    busy: (seconds?: number) => `The service is very busy right now. ${wait(seconds)}`,
    unavailable: (seconds?: number) => `The service is not available right now. ${wait(seconds)}`,
    rateLimited: (seconds?: number) => `Too many requests. ${wait(seconds)}`,
    forbidden: 'You are not allowed to do this.',
    unreachable: 'The service could not be reached. Check your connection and try again.',
    unexpected: (reference?: string) =>
      `Something went wrong on our side.${reference ? ` If it happens again, give support this reference: ${reference}` : ' Try again.'}`,
    place: 'Messages',
    dismiss: 'Dismiss this message',
  },

  problems: {
    rateLimited: (seconds?: number) => `Too many attempts. ${wait(seconds)}`,
    proofRejected: (left?: number) =>
      left === undefined
        ? 'That was not accepted.'
        : left > 0
          ? `That was not accepted. ${count(left, 'try', 'tries')} left.`
          : 'That was not accepted, and there are no tries left. Start again.',
    invalidCredentials: 'The address and the password do not match.',
    wrongPassword: 'That is not your password.',
    tokenInvalid: 'This no longer works. It may have been used, replaced, or have lapsed.',
    channelUnavailable: 'That way to reach you is not set up.',
    featureDisabled: 'This is switched off here.',
    notFound: 'It is no longer there.',
    lastCredential: 'This is your last way to sign in or to recover the account. Add another one first.',
    qrDenied: 'The sign-in was turned down on the other device.',
    resetRequired: 'The password of this account must be reset before anyone can sign in.',
    accountLocked: 'This account is locked. Only our support can open it again.',
    chooseReset: 'Send me a reset link',
    askSupport: 'Ask support',
    invalidEmail: 'Enter a whole e-mail address, such as name@example.org.',
    required: 'Fill this in.',
  },
};
