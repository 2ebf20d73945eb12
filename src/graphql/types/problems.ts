/** The one error style: expected outcomes that stop the flow. */
import { Field, Int, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';
import { NotificationChannel } from './messages.js';

@InterfaceType({
  description:
    'An expected outcome that stops the flow. Select `... on Problem { code message }` last in every result, so that problems added later still reach the person using the client.',
})
export abstract class Problem {
  @Field(() => ProblemCode, {
    description: 'What went wrong, for programs. Treat an unknown value as a failure of the general kind.',
  })
  code!: ProblemCode;

  @Field(() => String, { description: 'What went wrong, in plain English, safe to show. Translate by `code`.' })
  message!: string;
}

export const ProblemCode = {
  INVALID_INPUT: 'INVALID_INPUT',
  INVALID_CREDENTIALS: 'INVALID_CREDENTIALS',
  SIGN_IN_BLOCKED: 'SIGN_IN_BLOCKED',
  TOKEN_INVALID: 'TOKEN_INVALID',
  PROOF_REJECTED: 'PROOF_REJECTED',
  PASSWORD_REJECTED: 'PASSWORD_REJECTED',
  RATE_LIMITED: 'RATE_LIMITED',
  REAUTHENTICATION_REQUIRED: 'REAUTHENTICATION_REQUIRED',
  CHANNEL_UNAVAILABLE: 'CHANNEL_UNAVAILABLE',
  FEATURE_DISABLED: 'FEATURE_DISABLED',
  NOT_FOUND: 'NOT_FOUND',
  CONFLICT: 'CONFLICT',
  LAST_CREDENTIAL: 'LAST_CREDENTIAL',
  QR_SIGN_IN_DENIED: 'QR_SIGN_IN_DENIED',
} as const;
export type ProblemCode = keyof typeof ProblemCode;
registerEnumType(ProblemCode, {
  name: 'ProblemCode',
  description: 'The kinds of `Problem`. Values may be added.',
  valuesConfig: {
    INVALID_INPUT: { description: 'An input field has a value of the wrong form.' },
    INVALID_CREDENTIALS: {
      description: 'The credentials do not match. Says nothing about whether the account exists.',
    },
    SIGN_IN_BLOCKED: { description: 'The credentials match, but the account may not sign in now.' },
    TOKEN_INVALID: { description: 'A token is unknown, used, expired or replaced.' },
    PROOF_REJECTED: { description: 'A code or an authenticator answer was not accepted.' },
    PASSWORD_REJECTED: { description: 'The new password does not satisfy the policy.' },
    RATE_LIMITED: { description: 'Too many attempts.' },
    REAUTHENTICATION_REQUIRED: { description: 'The action asks for a recent sign-in.' },
    CHANNEL_UNAVAILABLE: { description: 'The channel is not set up, not verified or not switched on.' },
    FEATURE_DISABLED: { description: 'This installation has the feature switched off.' },
    NOT_FOUND: { description: "The object does not exist, or is not the caller's." },
    CONFLICT: { description: 'The object is not in a state that allows the action.' },
    LAST_CREDENTIAL: { description: 'The action would take away the last way to sign in or to recover.' },
    QR_SIGN_IN_DENIED: { description: 'The QR sign-in was turned away.' },
  },
});

@ObjectType({ implements: Problem, description: 'One or more input fields have a value of the wrong form.' })
export class InvalidInputProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `INVALID_INPUT`.' })
  code!: 'INVALID_INPUT';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => [InvalidField], {
    description: 'The fields at fault, at least one. The value itself is never repeated.',
  })
  fields!: InvalidField[];
}

@ObjectType({ description: 'One input field with a value of the wrong form.' })
export class InvalidField {
  @Field(() => [String], { description: 'Where the field is, from the argument on, such as `["input", "email"]`.' })
  path!: string[];

  @Field(() => String, { description: 'What is expected.' })
  message!: string;
}

@ObjectType({
  implements: Problem,
  description:
    "The credentials do not match. The same for an unknown address and for a wrong password, whatever the account's state.",
})
export class InvalidCredentialsProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `INVALID_CREDENTIALS`.' })
  code!: 'INVALID_CREDENTIALS';

  @Field(() => String, { description: 'A summary.' })
  message!: string;
}

@ObjectType({
  implements: Problem,
  description:
    'The credentials match, but the account may not sign in now. Returned only after they were proven right.',
})
export class SignInBlockedProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `SIGN_IN_BLOCKED`.' })
  code!: 'SIGN_IN_BLOCKED';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => SignInBlockReason, { description: 'Why.' })
  reason!: SignInBlockReason;
}

export const SignInBlockReason = {
  ACCOUNT_LOCKED: 'ACCOUNT_LOCKED',
  PASSWORD_RESET_REQUIRED: 'PASSWORD_RESET_REQUIRED',
} as const;
export type SignInBlockReason = keyof typeof SignInBlockReason;
registerEnumType(SignInBlockReason, {
  name: 'SignInBlockReason',
  description: 'Why an account with the right credentials may not sign in.',
  valuesConfig: {
    ACCOUNT_LOCKED: {
      description: 'Staff locked the account. No automatic rule ever does: it would let a stranger shut the owner out.',
    },
    PASSWORD_RESET_REQUIRED: { description: 'The password must be reset first.' },
  },
});

@ObjectType({
  implements: Problem,
  description: 'A token is unknown, used, expired or replaced. Which of these is not told.',
})
export class TokenInvalidProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `TOKEN_INVALID`.' })
  code!: 'TOKEN_INVALID';

  @Field(() => String, { description: 'A summary.' })
  message!: string;
}

@ObjectType({ implements: Problem, description: 'A code or an authenticator answer was not accepted.' })
export class ProofRejectedProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `PROOF_REJECTED`.' })
  code!: 'PROOF_REJECTED';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => Int, { description: 'How many more tries the challenge allows.' })
  attemptsRemaining!: number;
}

@ObjectType({ implements: Problem, description: 'The new password does not satisfy the policy.' })
export class PasswordRejectedProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `PASSWORD_REJECTED`.' })
  code!: 'PASSWORD_REJECTED';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => [PasswordViolation], { description: 'Every rule that is not satisfied, at least one.' })
  violations!: PasswordViolation[];
}

@ObjectType({ description: 'One rule of the password policy that is not satisfied.' })
export class PasswordViolation {
  @Field(() => PasswordRule, { description: 'The rule.' })
  rule!: PasswordRule;

  @Field(() => String, { description: 'The rule in plain English, safe to show.' })
  message!: string;
}

export const PasswordRule = {
  MIN_LENGTH: 'MIN_LENGTH',
  MAX_LENGTH: 'MAX_LENGTH',
  NOT_COMMON: 'NOT_COMMON',
  NOT_BREACHED: 'NOT_BREACHED',
  NOT_PERSONAL: 'NOT_PERSONAL',
  NOT_REUSED: 'NOT_REUSED',
} as const;
export type PasswordRule = keyof typeof PasswordRule;
registerEnumType(PasswordRule, {
  name: 'PasswordRule',
  description: 'The rules of the password policy.',
  valuesConfig: {
    MIN_LENGTH: { description: 'At least `PasswordPolicy.minLength` characters.' },
    MAX_LENGTH: { description: 'At most `PasswordPolicy.maxLength` characters.' },
    NOT_COMMON: { description: 'Not a commonly used password.' },
    NOT_BREACHED: { description: 'Not known from a breach elsewhere.' },
    NOT_PERSONAL: { description: "Not made of the account's own name or address." },
    NOT_REUSED: { description: 'Not one of the last passwords of the account.' },
  },
});

@ObjectType({
  implements: Problem,
  description: 'Too many attempts. Counted per caller and per address, whether or not the address has an account.',
})
export class RateLimitProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `RATE_LIMITED`.' })
  code!: 'RATE_LIMITED';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => Int, { description: 'How long to wait before trying again.' })
  retryAfterSeconds!: number;
}

@ObjectType({
  implements: Problem,
  description: 'The action asks for a recent sign-in: call `reauthenticate`, then try again.',
})
export class ReauthenticationProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `REAUTHENTICATION_REQUIRED`.' })
  code!: 'REAUTHENTICATION_REQUIRED';

  @Field(() => String, { description: 'A summary.' })
  message!: string;
}

@ObjectType({ implements: Problem, description: 'The channel is not set up, not verified or not switched on.' })
export class ChannelUnavailableProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `CHANNEL_UNAVAILABLE`.' })
  code!: 'CHANNEL_UNAVAILABLE';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => [NotificationChannel], { description: 'The channels that would work now.' })
  availableChannels!: NotificationChannel[];
}

@ObjectType({ implements: Problem, description: 'This installation has the feature switched off.' })
export class FeatureDisabledProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `FEATURE_DISABLED`.' })
  code!: 'FEATURE_DISABLED';

  @Field(() => String, { description: 'A summary.' })
  message!: string;
}

@ObjectType({
  implements: Problem,
  description: "The object does not exist, or is not the caller's. Which of these is not told.",
})
export class NotFoundProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `NOT_FOUND`.' })
  code!: 'NOT_FOUND';

  @Field(() => String, { description: 'A summary.' })
  message!: string;
}

@ObjectType({ implements: Problem, description: 'The action would take away the last way to sign in or to recover.' })
export class LastCredentialProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `LAST_CREDENTIAL`.' })
  code!: 'LAST_CREDENTIAL';

  @Field(() => String, { description: 'A summary.' })
  message!: string;
}

@ObjectType({ implements: Problem, description: 'The person turned the device away.' })
export class QrSignInDeniedProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `QR_SIGN_IN_DENIED`.' })
  code!: 'QR_SIGN_IN_DENIED';

  @Field(() => String, { description: 'A summary.' })
  message!: string;
}
