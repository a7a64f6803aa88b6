// What was found wrong.  The text is the one that `sallyport verify` gives for
// the same thing; words.ts has the plain words for each code.
import { place as printable } from './path.ts';

/** A lie; more than a bag may hold; a thing that this page cannot read. */
export type Kind = 'lie' | 'limit' | 'unreadable';

export type Code =
  | 'archive-damaged' | 'archive-cut' | 'archive-kind' | 'archive-two-stories' | 'archive-secret'
  | 'archive-method' | 'archive-large' | 'archive-tail' | 'source-unreadable'
  | 'path-illegal' | 'path-outside' | 'not-a-file' | 'file-holes' | 'file-large'
  | 'file-twice' | 'file-missing' | 'file-added' | 'file-changed' | 'file-not-text'
  | 'bagit-declaration'
  | 'manifest-line' | 'manifest-twice' | 'manifest-foreign' | 'manifest-omits' | 'manifest-hash'
  | 'payload-oxum'
  | 'key-malformed' | 'key-other'
  | 'checkpoint-malformed' | 'checkpoint-signature' | 'checkpoint-unsigned' | 'checkpoint-other'
  | 'vouched-part' | 'consistency-malformed' | 'consistency-sizes' | 'consistency-fails'
  | 'item-folder' | 'item-twice' | 'item-unsealed' | 'no-evidence'
  | 'custody-stray' | 'custody-no-item'
  | 'proof-missing' | 'proof-checkpoint' | 'proof-malformed' | 'proof-fails' | 'proof-index'
  | 'entry-missing' | 'entry-malformed' | 'entry-canonical' | 'entry-object' | 'entry-agency'
  | 'entry-failed'
  | 'sealed-twice' | 'sealed-sha256' | 'sealed-size' | 'sealed-name';

/** The stages of `sallyport verify`, in its order. */
export const STAGES = ['archive', 'twice', 'declaration', 'tags', 'payload', 'oxum', 'key',
  'checkpoint', 'vouched', 'items', 'strays', 'evidence'] as const;
export type Stage = (typeof STAGES)[number];

export interface Finding {
  readonly stage: Stage;
  readonly kind: Kind;
  readonly code: Code;
  /** A path in the bag; "" before there is one. */
  readonly place: string;
  readonly text: string;
}

/** Thrown where what was found ends the step under way. */
export class Lie extends Error {
  constructor(
    readonly code: Code,
    readonly place: string,
    readonly text: string,
    readonly kind: Kind = 'lie',
  ) {
    super(`${place}: ${text}`);
  }
}

/**
 * All that was found, in the order in which `sallyport verify` would meet it:
 * that stops at the first, this goes on where the rest still means something.
 */
export class Findings {
  private readonly found: { finding: Finding; order: number }[] = [];

  /** `order` is the place within the stage; as they come by default. */
  add(stage: Stage, lie: Lie, order = this.found.length): Finding {
    const finding: Finding = { stage, kind: lie.kind, code: lie.code, place: printable(lie.place),
      text: lie.text };
    this.found.push({ finding, order });
    return finding;
  }

  /** Run one step; false when it ended with a lie, which is noted. */
  async step(stage: Stage, run: () => void | Promise<void>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof Lie)) throw error;
      this.add(stage, error);
      return false;
    }
  }

  list(): Finding[] {
    const rank = (stage: Stage) => STAGES.indexOf(stage);
    return [...this.found]
      .sort((a, b) => rank(a.finding.stage) - rank(b.finding.stage) || a.order - b.order)
      .map(({ finding }) => finding);
  }
}
