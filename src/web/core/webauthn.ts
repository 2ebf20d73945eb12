/** The browser's side of passkeys: JSON from the server in, JSON for the server out. */

export const passkeysSupported = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

/** Whether the browser can offer passkeys in the list under the address field. */
export async function canOfferInField(): Promise<boolean> {
  if (!passkeysSupported() || typeof PublicKeyCredential.isConditionalMediationAvailable !== 'function') return false;
  return PublicKeyCredential.isConditionalMediationAvailable();
}

/** Null when the person declined or the browser has none to offer. */
export async function answerWithPasskey(
  options: PublicKeyCredentialRequestOptionsJSON,
  extra: { mediation?: CredentialMediationRequirement; signal?: AbortSignal } = {},
): Promise<AuthenticationResponseJSON | null> {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = await navigator.credentials.get({ publicKey, ...extra });
    return credential instanceof PublicKeyCredential ? (credential.toJSON() as AuthenticationResponseJSON) : null;
  } catch {
    return null;
  }
}

/** Null when the person declined or the device already has one for this account. */
export async function createPasskey(
  options: PublicKeyCredentialCreationOptionsJSON,
): Promise<RegistrationResponseJSON | null> {
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const credential = await navigator.credentials.create({ publicKey });
    return credential instanceof PublicKeyCredential ? (credential.toJSON() as RegistrationResponseJSON) : null;
  } catch {
    return null;
  }
}
