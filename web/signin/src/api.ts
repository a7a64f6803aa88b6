// The site's API, as far as signing in needs it (docs/api.md).  The session is
// in a cookie that no script can read.
import type { CreationJson, RequestJson } from './webauthn.ts';

export type Stage = 'factor' | 'enrol' | 'change' | 'notice' | 'open' | 'locked';
export type Factor = 'totp' | 'passkey' | 'recovery';

/** What a step gives: what is wanted next. */
export interface Step {
  readonly stage: Stage;
  readonly factors: readonly Factor[];
  readonly codes?: readonly string[]; // recovery codes, told once
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
  readonly session: Session;
  readonly name: string;
  readonly login: string;
  readonly role: string;
  readonly stage: Stage;
  readonly factors: readonly Factor[];
}

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
}
