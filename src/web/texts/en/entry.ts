/** The pages for everyone: signing in and up, resets, the links of letters, and asking support. */
import { common } from './common';
import { proofs } from './proofs';
import { duration, minutes } from './language';

export const texts = {
  ...common,
  ...proofs,

  signIn: {
    title: 'Sign in',
    intro: 'Your account, on this device.',
    email: 'E-mail address',
    next: 'Continue',
    submit: 'Sign in',
    change: 'Change',
    changeLabel: 'Change the address',
    persistent: 'Stay signed in on this device',
    persistentHint: 'Only on a device that is yours.',
    forgot: 'Forgot password?',
    or: 'or',
    withPasskey: 'Sign in with a passkey',
    withQr: 'Log in with QR code',
    withPassword: 'Sign in with a password',
    noAccount: 'New here?',
    signUp: 'Create an account',
    noWayIn: 'I have no way in',
    passkeyRefused: 'That passkey is not known here.',
    alreadyTitle: 'You are signed in',
    already: (email: string) => `This browser is signed in as ${email}.`,
    goOn: 'Go on',
    challengeLapsed: 'The sign-in took too long. Enter your password again.',
    reasons: {
      ended: 'Your session has ended. It may have been ended on another device. Sign in to go on.',
      'signed-out': 'You are signed out.',
      'password-reset': 'Your password was reset, and every device is signed out. Sign in with the new password.',
      'signed-in-elsewhere': 'You signed in in another window.',
      'email-changed': 'Your new address is in force. Sign in with it.',
      closed: 'Your account is closed. Goodbye.',
    },
  },

  signUp: {
    title: 'Create an account',
    intro:
      'Enter your address. You choose the password from the letter we send, so nobody can prepare an account in your name.',
    submit: 'Send me the letter',
    off: 'New accounts are not open here.',
    sentTitle: 'Look in your mailbox',
    sent: (email: string, lifetime: number) =>
      `We sent a letter to ${email} with the next step. Its link works for ${duration(lifetime * 60)}.`,
    haveAccount: 'Have an account?',
    completeTitle: 'Welcome',
    completeIntro: 'Choose a password, and you are in.',
    displayName: 'Your name',
    displayNameHint: 'Shown to others. You can leave it out.',
    complete: 'Create account',
    invalidTitle: 'This link does not work',
    invalid: 'It may have been used or have lapsed. Ask for another letter.',
    again: 'Ask for another letter',
  },

  forgot: {
    title: 'Forgot password?',
    intro: 'Enter your address and we send a link to choose a new password. Your current one works until then.',
    submit: 'Send the link',
    sentTitle: 'Look in your mailbox',
    sent: (email: string, lifetime: number) =>
      `If there is an account for ${email}, we sent a link to choose a new password. It works for ${minutes(lifetime)}.`,
    sentHint:
      'The link opens in a new window. When you are done there, this window will know. Nothing came? Look in the spam folder, and check the address.',
    channelHint: 'If you chose text messages for security, it goes to your phone and works for a shorter time.',
    again: 'Send it again',
    againIn: (time: string) => `Send it again in ${time}`,
    sentAgain: 'Sent again, if there is such an account.',
    otherAddress: 'Use another address',
    backToSignIn: 'Back to sign-in',
    noWayIn: 'I cannot get at my mail or phone',
  },

  reset: {
    title: 'Choose a new password',
    forAccount: (maskedEmail: string) => `For ${maskedEmail}`,
    worksUntil: (time: string) => `This link works until ${time}.`,
    signsOut: 'Every device that is signed in to this account will be signed out.',
    next: 'Continue',
    submit: 'Set new password',
    factorIntro: 'Your account asks for a second proof, also when the password is reset.',
    newChallenge: 'The second proof took too long or had too many tries. Confirm again.',
    doneTitle: 'Your password is changed',
    done: 'Every device is signed out. Sign in with the new password.',
    signIn: 'Sign in',
    missingTitle: 'Open the link again',
    missing:
      'For your safety this page keeps nothing. Open the link in the message once more: it works until it is used.',
    invalidTitle: 'This link no longer works',
    invalid: 'It was used, or replaced, or its time is up. Ask for a new one.',
    newLink: 'Send me a new link',
  },

  confirmEmail: {
    title: 'Confirm your new address',
    intro: 'From now on you sign in with the address this letter came to. Links sent to the old address stop working.',
    submit: 'Confirm address',
    doneTitle: 'Your address is changed',
    done: 'Use it the next time you sign in.',
  },

  cancelReset: {
    title: 'Call off the manual reset',
    intro:
      'Someone asked our support for a way into your account. If it was not you, call it off: nothing in your account changes.',
    submit: 'Call it off',
    doneTitle: 'Called off',
    done: 'No link will be sent, and nothing in your account was changed.',
  },

  notMe: {
    title: 'This was not me',
    intro: 'If you did not do what the notice tells, secure the account now:',
    steps: [
      'every device is signed out',
      'the password stops working',
      'address, phone, channel and second factors return to what they were',
      'our staff look at the account',
    ],
    after: 'You get back in with a reset link.',
    submit: 'Secure my account',
    doneTitle: 'The account is safe for now',
    done: 'Nobody is signed in, and the password no longer works. Choose a new one to get back in.',
    reset: 'Send me a reset link',
  },

  letterLink: {
    missingTitle: 'Open the link again',
    missing: 'For your safety this page keeps nothing. Open the link in the letter once more.',
    invalidTitle: 'This link no longer works',
    invalid: 'It was used, or replaced, or its time is up.',
    home: 'Go to the start page',
  },

  support: {
    title: 'I have no way in',
    intro:
      'If you can get neither at your mail nor your phone, a person will help. Tell us how to reach you and what happened.',
    email: 'E-mail address of the account',
    contact: 'How can we reach you?',
    contactHint: 'A telephone number or another address.',
    message: 'What happened?',
    messageHint: 'Anything that helps us know it is you. Never a password.',
    submit: 'Ask for help',
    doneTitle: 'We have your request',
    reference: 'Your reference',
    due: (time: string) => `A person decides by ${time}.`,
    keep: 'Keep the reference. Anyone who may own the account is told, so that nobody takes it behind your back.',
    copy: 'Copy',
    copied: 'Copied',
  },

  qrShow: {
    title: 'Log in with QR code',
    steps: [
      'Open the camera on a phone that is signed in.',
      'Scan the picture and follow the link.',
      'Type the number below on the phone.',
    ],
    picture: 'QR code to scan with a phone that is signed in',
    number: 'Number to type on the phone',
    lapsesIn: (time: string) => `Works for ${time}`,
    lapsed: 'This code has lapsed.',
    renew: 'Show a new code',
    scanned: 'Scanned. Confirm on the phone.',
    denied: 'The sign-in was turned down on the phone.',
    off: 'Signing in with a QR code is switched off here.',
    preparing: 'Preparing the code…',
  },
};
