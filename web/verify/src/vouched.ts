// What others have said of the log, as the bag carries it (src/bag/vouched.h):
//
//   log/cosigned     note --consistency--> log/checkpoint
//   log/timestamped  note --consistency--> log/checkpoint
//   log/timestamp.tsr     over the bytes of log/timestamped
//
// Both notes have to be states of this very log, on the way to the bag's.  The
// signatures of witnesses and the stamp are not checked here: their keys are
// not in the bag.
import type { Content } from './bag.ts';
import { Lie, type Findings } from './finding.ts';
import { continues } from './merkle.ts';
import { checkCheckpoint, parseConsistency, type Checkpoint, type LogKey } from './note.ts';

const STAMP = 'log/timestamp.tsr';
const NOTES = ['log/cosigned', 'log/timestamped'] as const;
const PARTS: readonly (readonly [string, string])[] = [
  ['log/cosigned.consistency', 'log/cosigned'],
  ['log/timestamped.consistency', 'log/timestamped'],
  [STAMP, 'log/timestamped'],
];

export interface Vouched {
  /** What witnesses signed, if the bag carries it and it holds. */
  readonly cosigned: Checkpoint | undefined;
  readonly timestamped: Checkpoint | undefined;
}

async function checkState(content: Content, path: string, key: LogKey, now: Checkpoint): Promise<Checkpoint | undefined> {
  const bytes = content.byPath.get(path)?.bytes;
  if (!bytes) return undefined;
  const was = await checkCheckpoint(key, bytes, path);
  const beside = `${path}.consistency`;
  const text = content.byPath.get(beside)?.bytes;
  if (!text) throw new Lie('file-missing', beside, 'it is missing');
  const way = parseConsistency(text);
  if (!way) throw new Lie('consistency-malformed', beside, 'it is no consistency path');
  if (way.old !== was.size || way.size !== now.size)
    throw new Lie('consistency-sizes', beside, 'it leads between other checkpoints');
  if (!continues(was.size, now.size, way.path, was.root, now.root))
    throw new Lie('consistency-fails', path, 'it is not an earlier state of this log: another history');
  if (path === 'log/timestamped' && !content.byPath.has(STAMP))
    throw new Lie('file-missing', STAMP, 'it is missing');
  return was;
}

export async function checkVouched(content: Content, findings: Findings, key: LogKey | undefined,
  now: Checkpoint | undefined): Promise<Vouched> {
  await findings.step('vouched', () => {
    for (const [path, of] of PARTS)
      if (content.byPath.has(path) && !content.byPath.has(of))
        throw new Lie('vouched-part', path, `it belongs to ${of}, which is missing`);
  });
  const found: (Checkpoint | undefined)[] = [];
  for (const path of NOTES) {
    let state: Checkpoint | undefined;
    if (key && now)
      await findings.step('vouched', async () => {
        state = await checkState(content, path, key, now);
      });
    found.push(state);
  }
  return { cosigned: found[0], timestamped: found[1] };
}
