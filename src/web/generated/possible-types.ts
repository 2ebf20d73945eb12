/* eslint-disable */
export const possibleTypes: Record<string, string[]> = {
  "Problem": [
    "AccountConflictProblem",
    "ChannelUnavailableProblem",
    "FeatureDisabledProblem",
    "FlagConflictProblem",
    "InvalidCredentialsProblem",
    "InvalidInputProblem",
    "LastCredentialProblem",
    "NotFoundProblem",
    "PasswordRejectedProblem",
    "ProofRejectedProblem",
    "QrSignInDeniedProblem",
    "RateLimitProblem",
    "ReauthenticationProblem",
    "SignInBlockedProblem",
    "SupportRequestConflictProblem",
    "TokenInvalidProblem"
  ]
};
