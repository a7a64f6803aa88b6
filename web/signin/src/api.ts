// The site's API, as far as signing in needs it (docs/api.md).  The session is
// in a cookie that no script can read.
import type { CreationJson, RequestJson } from './webauthn.ts';

interface Items<T> { readonly items: readonly T[] }

export type Stage = 'factor' | 'enrol' | 'change' | 'notice' | 'open' | 'locked';
export type Factor = 'totp' | 'passkey' | 'recovery';

/** What a step gives: what is wanted next. */
export interface Step {
  readonly stage: Stage;
  readonly factors: readonly Factor[];
  readonly recovery_codes?: readonly string[]; // told once
}

export interface Notice { readonly text: string; readonly sha256: string }

export interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly address: string;
  readonly agent: string;
  readonly created_at: string;
  readonly used_at: string;
  readonly expires_at: string;
  readonly stage: Stage;
  readonly method: string;
}

export interface Credential {
  readonly id: string;
  readonly kind: 'totp' | 'passkey';
  readonly label: string;
  readonly created_at: string;
  readonly used_at: string;
  readonly disabled_at?: string;
}

export interface Me {
  readonly factors: readonly Factor[];
  readonly login: string;
  readonly name: string;
  readonly role: string;
  readonly session: Session;
}

/** An identity provider of the agency's. */
export interface Provider { readonly name: string; readonly title: string }

export interface Offer { readonly secret: string; readonly uri: string }

/** A problem document (RFC 9457), or no answer at all. */
export class Problem extends Error {
  constructor(readonly status: number, readonly reason: string, readonly detail: string) {
    super(detail);
  }
}

export class Api {
  constructor(private readonly root: string) {}

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    let answer: Response;
    try {
      answer = await fetch(this.root + path, {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        headers: { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    } catch {
      throw new Problem(0, 'away', '');
    }
    const said = await answer.json().catch(() => ({})) as Record<string, unknown>;
    if (!answer.ok)
      throw new Problem(answer.status, String(said['reason'] ?? ''), String(said['detail'] ?? said['title'] ?? ''));
    return said as T;
  }

  // --- before one is known ---

  async providers(): Promise<readonly Provider[]> {
    return (await this.ask<Items<Provider>>('GET', 'signin/oidc')).items;
  }

  /** Where the browser goes to sign in there; `anew`: to prove it once more. */
  there(provider: Provider, next: string | null, anew = false): string {
    const query = new URLSearchParams({ ...(next ? { next } : {}), ...(anew ? { anew: 'true' } : {}) }).toString();
    return `${this.root}signin/oidc/${encodeURIComponent(provider.name)}${query ? `?${query}` : ''}`;
  }

  notice(): Promise<Notice> {
    return this.ask('GET', 'signin/notice');
  }

  /** Whose session this is, in whatever stage; undefined: nobody's. */
  async me(): Promise<Me | undefined> {
    try {
      return await this.ask<Me>('GET', 'session');
    } catch (error) {
      // 404: signed in at another agency of this site.
      if (error instanceof Problem && (error.status === 401 || error.status === 404)) return undefined;
      throw error;
    }
  }

  password(login: string, password: string): Promise<Step> {
    return this.ask('POST', 'signin', { cookie: true, login, password });
  }

  accept(invitation: string, password: string): Promise<Step> {
    return this.ask('POST', 'signin/accept', { cookie: true, invitation, password });
  }

  aloneQuestion(): Promise<{ readonly for: string; readonly publicKey: RequestJson }> {
    return this.ask('POST', 'signin/passkey/options');
  }

  aloneAnswer(asked: string, credential: object): Promise<Step> {
    return this.ask('POST', 'signin/passkey', { cookie: true, credential, for: asked });
  }

  // --- the steps of a session ---

  code(code: string, kind: 'totp' | 'recovery'): Promise<Step> {
    return this.ask('POST', `signin/${kind}`, { code });
  }

  question(): Promise<{ readonly publicKey: RequestJson }> {
    return this.ask('POST', 'signin/passkey/second/options');
  }

  answer(credential: object): Promise<Step> {
    return this.ask('POST', 'signin/passkey/second', { credential });
  }

  change(old: string, password: string): Promise<Step> {
    return this.ask('POST', 'signin/password', { old, password });
  }

  acknowledge(sha256: string): Promise<Step> {
    return this.ask('POST', 'signin/notice', { sha256 });
  }

  renew(password: string, code: string, kind: 'totp' | 'recovery'): Promise<Step> {
    return this.ask('POST', 'session/renew', { password, ...(kind === 'totp' ? { code } : { recovery: code }) });
  }

  /** Enrolling; `first`: in a session that waits for its first second step. */
  offerPasskey(): Promise<{ readonly publicKey: CreationJson }> {
    return this.ask('POST', 'signin/passkey/new/options');
  }

  enrolPasskey(credential: object): Promise<Step> {
    return this.ask('POST', 'signin/passkey/new', { credential });
  }

  offerApp(first: boolean): Promise<Offer> {
    return this.ask('POST', first ? 'signin/enrol' : 'totp');
  }

  enrolApp(first: boolean, code: string): Promise<Step> {
    return this.ask('POST', first ? 'signin/enrol/confirm' : 'totp/confirm', { code });
  }

  // --- signed in ---

  async sessions(): Promise<readonly Session[]> {
    return (await this.ask<Items<Session>>('GET', 'sessions')).items;
  }

  end(id: string): Promise<void> {
    return this.ask('DELETE', `sessions/${id}`);
  }

  async credentials(): Promise<readonly Credential[]> {
    const { items } = await this.ask<Items<Credential>>('GET', 'factors');
    const { passkeys } = await this.ask<{ readonly passkeys: readonly { readonly id: string; readonly disabled_at?: string }[] }>('GET', 'signin/passkey');
    return items.map((item) => ({ ...passkeys.find(({ id }) => id === item.id), ...item }));
  }

  remove(id: string): Promise<void> {
    return this.ask('DELETE', `factors/${id}`);
  }

  async newCodes(): Promise<readonly string[]> {
    return (await this.ask<{ readonly recovery_codes: readonly string[] }>('POST', 'recovery-codes')).recovery_codes;
  }

  changeOpen(old: string, password: string): Promise<void> {
    return this.ask('POST', 'password', { old, password });
  }

  leave(): Promise<void> {
    return this.ask('DELETE', 'session');
  }
}
