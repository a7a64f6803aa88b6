// Between the site's JSON and the browser's WebAuthn.  Browsers that do it by
// themselves (parseCreationOptionsFromJSON) are not yet all that matter.

export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

export function toText(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join('');
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

interface Named { readonly id: string; readonly type: 'public-key' }

export interface CreationJson {
  readonly attestation: AttestationConveyancePreference;
  readonly authenticatorSelection: AuthenticatorSelectionCriteria;
  readonly challenge: string;
  readonly excludeCredentials: readonly Named[];
  readonly pubKeyCredParams: PublicKeyCredentialParameters[];
  readonly rp: { readonly id: string; readonly name: string };
  readonly timeout: number;
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
}

export interface RequestJson {
  readonly allowCredentials: readonly Named[];
  readonly challenge: string;
  readonly rpId: string;
  readonly timeout: number;
  readonly userVerification: UserVerificationRequirement;
}

const descriptors = (all: readonly Named[]): PublicKeyCredentialDescriptor[] =>
  all.map(({ id, type }) => ({ id: toBytes(id), type }));

export function available(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && !!navigator.credentials;
}

/** No passkey came of it; `kind` says why. */
export class NoPasskey extends Error {
  constructor(readonly kind: 'cancelled' | 'known' | 'insecure' | 'failed') {
    super(kind);
  }
}

const WHY: Readonly<Record<string, NoPasskey['kind']>> = {
  NotAllowedError: 'cancelled',
  AbortError: 'cancelled',
  InvalidStateError: 'known',
  SecurityError: 'insecure',
};

async function asked(question: Promise<Credential | null>): Promise<PublicKeyCredential> {
  let got: Credential | null;
  try {
    got = await question;
  } catch (error) {
    throw new NoPasskey(WHY[(error as DOMException).name] ?? 'failed');
  }
  if (!got) throw new NoPasskey('cancelled');
  return got as PublicKeyCredential;
}

export async function create(options: CreationJson): Promise<object> {
  const made = await asked(navigator.credentials.create({ publicKey: {
    ...options,
    challenge: toBytes(options.challenge),
    excludeCredentials: descriptors(options.excludeCredentials),
    user: { ...options.user, id: toBytes(options.user.id) },
  } }));
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      attestationObject: toText(response.attestationObject),
    },
  };
}

export async function get(options: RequestJson): Promise<object> {
  const got = await asked(navigator.credentials.get({ publicKey: {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: descriptors(options.allowCredentials),
  } }));
  const response = got.response as AuthenticatorAssertionResponse;
  return {
    id: got.id,
    rawId: toText(got.rawId),
    type: got.type,
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      ...(response.userHandle ? { userHandle: toText(response.userHandle) } : {}),
    },
  };
}
