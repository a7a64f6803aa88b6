// What one check of a bag found: plain data, made by checks.ts, shown by
// view.ts and text.ts.  It goes from the worker to the page as it is.
import type { Finding } from './finding.ts';

/** 'unknown': what it rests on is missing or wrong itself. */
export type State = 'good' | 'bad' | 'unknown';

export interface SourceFacts {
  /** As the user knows it: a file's or a folder's name. */
  readonly name: string;
  readonly kind: 'zip' | 'tar' | 'folder';
  readonly size: number;
}

export interface FileRow {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly sha512: string;
}

/** One custody entry, as far as it could be read. */
export interface EventRow {
  /** Path of the entry in the bag. */
  readonly path: string;
  /** Index in the log. */
  readonly index: string;
  readonly proof: State;
  /** Is it an entry, in the one spelling, about this item? */
  readonly entry: State;
  readonly act: string;
  readonly at: string;
  readonly outcome: string;
  readonly actorKind: string;
  readonly actor: string;
  readonly address: string;
  readonly source: string;
  /** Facts that the entry gives beyond these, names sorted. */
  readonly detail: readonly (readonly [string, string])[];
  /** What was found wrong with it or its proof. */
  readonly wrong: readonly string[];
}

export interface ItemRow {
  readonly id: string;
  readonly path: string;
  /** As it was recorded. */
  readonly name: string;
  /** Its name in the bag, where that had to be another. */
  readonly nameInBag: string;
  readonly size: number;
  readonly sha256: string;
  readonly sha512: string;
  /** The entry that says that it was sealed. */
  readonly sealed: EventRow | null;
  /** Is it what that entry says, and is that entry proven? */
  readonly state: State;
  readonly events: readonly EventRow[];
}

export interface LogFacts {
  /** The verifier key found in the bag, "" when there is none. */
  readonly key: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly signature: State;
  /** Entries under the checkpoint. */
  readonly size: string;
  readonly root: string;
  /** Names of others who signed an earlier state, whose keys are not in the bag. */
  readonly witnesses: readonly string[];
  /** Entries under that state; "" when none is carried, or it does not hold. */
  readonly cosigned: string;
  /** Entries under the state that a time authority stamped; "" likewise. */
  readonly timestamped: string;
}

/** What the bag says of itself, and nothing proves. */
export interface Claims {
  readonly organization: string;
  readonly description: string;
  readonly sender: string;
  readonly date: string;
  readonly software: string;
}

export interface Report {
  readonly source: SourceFacts;
  readonly findings: readonly Finding[];
  /** False when reading ended before the bag did. */
  readonly whole: boolean;
  readonly files: readonly FileRow[];
  readonly bytes: number;
  readonly items: readonly ItemRow[];
  readonly entries: number;
  readonly proofs: number;
  readonly agency: string;
  readonly log: LogFacts;
  readonly claims: Claims;
}

/** No key given; the bag's; another. */
export type Pinned = 'none' | 'same' | 'other';

/** What the page concludes. */
export type Verdict = 'good' | 'good-unpinned' | 'bad' | 'unreadable';
