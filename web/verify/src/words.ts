// What was found, in words for somebody who has never heard of a hash: what
// each check means, what follows from it, and what does not.
import { pinned, verdict } from './checks.ts';
import type { Code, Finding, Stage } from './finding.ts';
import type { LogKey } from './note.ts';
import type { EventRow, ItemRow, Report, State } from './report.ts';

// --- small things ---

/** Characters that do not show, or turn the text around them, made visible. */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (c) => `\u27e8U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}\u27e9`,
  );
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/** "2,811,553 bytes (2.8 MB)". */
export function bytes(n: number): string {
  const exact = count(n, 'byte');
  const units = ['KB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = '';
  for (let i = 0; i < units.length && value >= 1000; i++) {
    value /= 1000;
    unit = units[i]!;
  }
  return unit === '' ? exact : `${exact} (${value.toFixed(value < 10 ? 1 : 0)} ${unit})`;
}

/** "2026-11-21 19:44:46 UTC"; what is no time is given back as it is. */
export function time(text: string): string {
  const [, day, clock] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?Z$/.exec(text) ?? [];
  return day === undefined ? visible(text) : `${day} ${clock} UTC`;
}

/** Groups of four, to be read aloud. */
export function grouped(hex: string): string {
  return hex.replace(/.{4}(?=.)/g, '$& ');
}

// --- findings ---

const SYSTEM_FILES = /(^|\/)(\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini|\.directory)$|^__MACOSX\//i;

const FINDING: Readonly<Record<Code, string>> = {
  'archive-damaged': 'The archive is damaged: its own structure or checksums are wrong. It may have been cut off or altered on the way.',
  'archive-cut': 'The archive ends too early. The download or the copy was probably interrupted.',
  'archive-kind': 'This is not a package: it is neither a complete zip archive nor a tar archive.',
  'archive-two-stories': 'The archive says two different things about its contents, so that two programs could unpack two different packages from it. No ordinary program writes such an archive.',
  'archive-secret': 'Part of the archive is encrypted. A package never is.',
  'archive-method': 'Part of the archive is compressed in a way that this page cannot read. Unpack the archive, and check the unpacked folder instead.',
  'archive-large': 'The archive would unpack to more than a package may hold. Reading stopped there.',
  'archive-tail': 'Something follows after the end of the tar archive, where another program might find a different package.',
  'source-unreadable': 'The browser could not read this file. It may have been moved, changed or deleted during the check, or the disk may be faulty.',
  'path-illegal': 'A file has a name that could place it outside the package’s folder, or that is not plain text. Unpacking such an archive can be dangerous.',
  'path-outside': 'A file lies outside the package’s own folder: it was added to the archive.',
  'not-a-file': 'This is a link or a device, not a file. A package holds only files.',
  'file-holes': 'This file is stored with gaps (as a sparse file). A package never holds such files.',
  'file-large': 'This file is larger than a file of its kind may be in a package. Reading stopped there.',
  'file-twice': 'The same file is in the archive twice. Which of the two you see depends on the program that unpacks it.',
  'file-missing': 'This file belongs to the package, but it is missing.',
  'file-added': 'This file is in none of the package’s lists: it was added after the package was made.',
  'file-changed': 'The content of this file does not match either list of fingerprints: it was changed or damaged after the package was made.',
  'file-not-text': 'This file should be plain text, and is not.',
  'bagit-declaration': 'The file that states what this package is (BagIt 1.0) is not as it must be.',
  'manifest-line': 'This list of fingerprints cannot be read as one.',
  'manifest-twice': 'This list of fingerprints names a file twice.',
  'manifest-foreign': 'This list of fingerprints names a file that does not belong in it.',
  'manifest-omits': 'This list of fingerprints leaves out a file that the other list has: one of the two was altered.',
  'manifest-hash': 'This list gives a wrong fingerprint for a file, while the other list gives the right one: this list was altered.',
  'payload-oxum': 'The package’s description states another amount of evidence (bytes and number of files) than is there.',
  'key-malformed': 'The file that should hold the log’s key does not hold one. Without it, nothing about the log can be checked.',
  'key-other': 'The package was made with a different log’s key than the one you entered. Either it does not come from that agency’s log, or the key you entered is not the right one.',
  'checkpoint-malformed': 'The signed state of the log cannot be read as one.',
  'checkpoint-signature': 'The signature on the state of the log is wrong: the state was altered after it was signed, or it was never signed with this key.',
  'checkpoint-unsigned': 'The state of the log does not carry a signature made with this log’s key.',
  'checkpoint-other': 'The signed state is that of a different log.',
  'vouched-part': 'This file belongs to a signed earlier state of the log that is not in the package.',
  'consistency-malformed': 'The path from an earlier signed state of the log to the state of this package cannot be read as one.',
  'consistency-sizes': 'The path that should lead from an earlier signed state of the log to the state of this package leads elsewhere.',
  'consistency-fails': 'The state of the log that witnesses signed, or a time authority stamped, is not an earlier state of the log in this package. The log’s owner keeps two different logs, or one of them was forged. This is a grave finding.',
  'item-folder': 'This file lies among the evidence, but not in the folder of an item.',
  'item-twice': 'There is a second file in the folder of this item. An item of evidence is exactly one file.',
  'item-unsealed': 'No custody entry in the package records that this file was taken in. It could be anything.',
  'no-evidence': 'There is no evidence in the package.',
  'custody-stray': 'This file does not belong in an item’s custody record.',
  'custody-no-item': 'This is a custody record of an item that is not in the package.',
  'proof-missing': 'The proof that this custody entry is in the log is missing.',
  'proof-checkpoint': 'This proof rests on a different state of the log than the signed one in the package.',
  'proof-malformed': 'This proof cannot be read as one.',
  'proof-fails': 'This custody entry is not in the agency’s log in this form: it was altered or invented.',
  'proof-index': 'This proof belongs to a different place in the log than the entry claims.',
  'entry-missing': 'There is a proof, but the custody entry that it proves was removed.',
  'entry-malformed': 'This file is not a custody entry.',
  'entry-canonical': 'This custody entry is written in an unusual way that could show different things to different programs. The agency’s log never writes entries like that.',
  'entry-object': 'This custody entry is about a different item than the one it is filed under.',
  'entry-agency': 'This custody entry belongs to a different agency than the rest of the package.',
  'entry-failed': 'This entry records that taking in the item failed.',
  'sealed-twice': 'Two entries record that this item was taken in. That happens only once.',
  'sealed-sha256': 'This is not the file that the agency took in: its fingerprint (SHA-256) differs from the one recorded then.',
  'sealed-size': 'This is not the file that the agency took in: its size differs from the one recorded then.',
  'sealed-name': 'This file does not have the name recorded when it was taken in.',
};

export function findingWords(finding: Finding): string {
  const words = FINDING[finding.code];
  return finding.code === 'file-added' && SYSTEM_FILES.test(finding.place)
    ? `${words} Judging by its name, the operating system made it when somebody opened the folder. Check the archive as you received it instead.`
    : words;
}

export function placeWords(finding: Finding): string {
  return finding.place === '' ? 'the package as a whole' : visible(finding.place);
}

// --- the checks ---

export interface Check {
  readonly state: State;
  readonly title: string;
  readonly result: string;
  readonly meaning: string;
}

const ENTRY_CODES = /^(proof|entry)-|^custody-/;

/** Is there a finding of these stages, and codes where they are given? */
function wrongIn(findings: readonly Finding[], stages: readonly Stage[], codes?: (code: Code) => boolean): number {
  return findings.filter((f) => stages.includes(f.stage) && (codes?.(f.code) ?? true)).length;
}

function stateOf(reached: boolean, wrong: number): State {
  if (wrong > 0) return 'bad';
  return reached ? 'good' : 'unknown';
}

const problems = (n: number) => `${count(n, 'problem')}, listed above.`;
const NOT_REACHED = 'The package could not be read to its end.';

function readable(report: Report): Check {
  const wrong = wrongIn(report.findings, ['archive', 'twice']);
  const what = `${count(report.files.length, 'file')}, ${bytes(report.bytes)}`;
  return {
    state: stateOf(report.whole, wrong),
    title: 'The package can be read from beginning to end',
    result: wrong > 0 ? problems(wrong) : `${what}.`,
    meaning: 'An archive is refused if it is damaged or cut off, if it could be unpacked in two different ways, or if it would write outside its own folder.',
  };
}

function complete(report: Report): Check {
  const wrong = wrongIn(report.findings, ['declaration', 'tags', 'payload', 'oxum']);
  return {
    state: stateOf(report.whole, wrong),
    title: 'Nothing was changed, added or removed since the package was made',
    result: !report.whole ? NOT_REACHED : wrong > 0 ? problems(wrong)
      : `${count(report.files.length, 'file')}: every fingerprint matches, nothing is missing, nothing was added.`,
    meaning: 'The package carries lists of the digital fingerprints (hash values, SHA-256 and SHA-512) of all its files. Every file was read in full, its fingerprints were computed again, and they were compared with both lists. By itself this reveals accidents, not forgery: whoever changes a file can change the lists as well. The following checks are about that.',
  };
}

function signed(report: Report): Check {
  const wrong = wrongIn(report.findings, ['key', 'checkpoint']);
  const { log } = report;
  return {
    state: stateOf(log.signature === 'good', wrong),
    title: 'The state of the log is signed with the log’s key',
    result: !report.whole ? NOT_REACHED : wrong > 0 ? problems(wrong)
      : `The signature is valid. The log “${visible(log.name)}” held ${count(Number(log.size), 'entry', 'entries')} when this package was made.`,
    meaning: 'The agency keeps a log to which entries can be added, but in which none can be changed or removed unnoticed. The package holds the state of the log at the time of the export, with a digital signature (Ed25519). Only the holder of the log’s secret key can make that signature.',
  };
}

/** Only where the package carries anything of the kind. */
function vouchedFor(report: Report): Check[] {
  const wrong = wrongIn(report.findings, ['vouched']);
  const { cosigned, timestamped } = report.log;
  const carried = [cosigned !== '' && `one of ${cosigned} entries that witnesses signed`,
    timestamped !== '' && `one of ${timestamped} entries that a time authority stamped`].filter((s) => s !== false);
  if (wrong === 0 && carried.length === 0) return [];
  return [{
    state: wrong > 0 ? 'bad' : 'good',
    title: 'What others signed is an earlier state of this very log',
    result: wrong > 0 ? problems(wrong) : `This log continues ${carried.join(' and ')}.`,
    meaning: 'Others (a court, a newspaper, a time authority) may have seen the log before and signed what they saw. Whoever keeps two logs, one for them and one for you, cannot show a path from the one to the other. This page follows that path. The others’ own signatures need their keys, which are not in the package: see “The log and its key”.',
  }];
}

function entriesProven(report: Report): Check {
  const wrong = wrongIn(report.findings, ['items', 'strays'], (code) => ENTRY_CODES.test(code));
  const all = report.proofs === report.entries && report.entries > 0;
  return {
    state: stateOf(report.whole && all, wrong),
    title: 'Every custody entry is in that log, word for word',
    result: !report.whole ? NOT_REACHED : wrong > 0 ? problems(wrong)
      : report.log.signature !== 'good' ? 'There is no signed state of the log to compare with.'
        : `${count(report.entries, 'entry', 'entries')}, ${count(report.proofs, 'proof')}; all are valid.`,
    meaning: 'For each entry (what was done with an item, when and by whom) the package holds a mathematical proof that exactly this entry is at its place in the log whose state was signed. Had a single letter of an entry been changed, its proof would fail.',
  };
}

function originals(report: Report): Check {
  const wrong = wrongIn(report.findings, ['items', 'evidence'], (code) => !ENTRY_CODES.test(code));
  const all = report.items.length;
  const good = report.items.filter((item) => item.state === 'good').length;
  return {
    state: stateOf(report.whole && good === all && good > 0, wrong),
    title: 'Each file of evidence is the one that the agency took in',
    result: !report.whole ? NOT_REACHED : wrong > 0 ? problems(wrong)
      : good === all ? `${count(good, 'item')}: content, size and file name match the record.`
        : `${good} of ${count(all, 'item')}: the entries about the others are not proven.`,
    meaning: 'When an item is taken in, the log records the fingerprint (SHA-256) of its content, its size, and the fingerprint of its file name. The file in this package was compared with that entry, which must exist exactly once for each item.',
  };
}

function keyIs(report: Report, pin: LogKey | undefined): Check {
  const is = pinned(report, pin);
  return {
    state: is === 'same' ? 'good' : is === 'other' ? 'bad' : 'unknown',
    title: 'The log belongs to the agency',
    result: is === 'same' ? 'The key that you entered is the key of this log.'
      : is === 'other' ? 'The key that you entered is not the key of this log.'
        : report.log.key === '' ? 'The package holds no key to compare with.'
          : 'Enter the key that the agency publishes, in step 2.',
    meaning: 'The log’s key came with the package. Somebody who fabricates an entire package can fabricate a key for it, too. Therefore the key must be compared with the one that the agency gives out separately: on its website, in a letter, or over the telephone.',
  };
}

export function checksOf(report: Report, pin: LogKey | undefined): Check[] {
  return [readable(report), complete(report), signed(report), ...vouchedFor(report), entriesProven(report),
    originals(report), keyIs(report, pin)];
}

export const STATE_WORDS: Readonly<Record<State, string>> = {
  good: 'Passed',
  bad: 'Failed',
  unknown: 'Not checked',
};

export const STATE_SIGN: Readonly<Record<State, string>> = { good: '✓', bad: '✗', unknown: '–' };

// --- the conclusion ---

export interface Conclusion {
  readonly state: 'good' | 'ask' | 'bad';
  readonly title: string;
  readonly lines: readonly string[];
}

export function conclusion(report: Report, pin: LogKey | undefined): Conclusion {
  const what = `${count(report.items.length, 'item')} of evidence and ${count(report.entries, 'custody entry', 'custody entries')} were checked.`;
  switch (verdict(report, pin)) {
    case 'good':
      return { state: 'good', title: 'All checks passed',
        lines: [`${what} The files of evidence are exactly those that were taken in, and the log is the one whose key you entered.`] };
    case 'good-unpinned':
      return { state: 'ask', title: 'All checks passed, except one that only you can make',
        lines: [`${what} Nothing wrong was found. But the log’s key came with the package itself. Ask the agency for its key and enter it in step 2: then the result is complete.`] };
    case 'bad':
      return { state: 'bad', title: 'Do not rely on this package',
        lines: ['At least one check failed. Keep the package exactly as it is, and ask the agency for a new export. The first problem found:'] };
    case 'unreadable':
      return { state: 'bad', title: 'This package could not be checked',
        lines: ['This says nothing about the evidence itself. The package could not be read to its end, for this reason:'] };
  }
}

/** The files, as the subject of a sentence. */
function filesWords(report: Report): string {
  return report.items.length === 1 ? 'The file of evidence in this package is, bit for bit, the one that was taken in at the time shown below.'
    : `The ${count(report.items.length, 'file')} of evidence in this package are, bit for bit, those that were taken in at the times shown below.`;
}

export interface Proven {
  /** Said before the list. */
  readonly lead: string;
  readonly lines: readonly string[];
}

export function proven(report: Report, pin: LogKey | undefined): Proven {
  const outcome = verdict(report, pin);
  if (outcome === 'bad' || outcome === 'unreadable')
    return { lines: [], lead: 'As a whole, nothing: a package in which one thing is wrong is not what the agency gave out. Each item and each entry below is marked separately, so that you can see what the problem affects and what it does not.' };
  const lines = [filesWords(report),
    report.entries === 1 ? 'The custody entry below is in the log exactly as shown. It was not altered after the state of the log was signed.'
      : `Each of the ${report.entries.toLocaleString('en-US')} custody entries below is in the log exactly as shown. None was altered after the state of the log was signed.`];
  return pinned(report, pin) === 'same'
    ? { lead: '', lines: [...lines, 'The log is the one whose key you entered.'] }
    : { lead: 'Provided that the log key shown below is the agency’s:', lines };
}

export const NOT_PROVEN: readonly string[] = [
  'What happened before an item was taken in: whether a recording shows what it appears to show, or whether the clock of the recording device was right.',
  'That the times are exact. They were set by the agency’s server. The order of the entries in the log, however, is certain.',
  'That the package contains every entry about an item. Each entry shown is in the log; whether the log holds more is a question to the agency’s log itself.',
  'Who the people are. Entries give the number of the access token that was used; the agency’s records show whose it was.',
  'What became of copies that were given out, including this package.',
];

export const ABOUT_THIS_PAGE: readonly string[] = [
  'This page may have come with the package. Whoever can alter a package can also replace this page. Where it matters, use a copy of this page that you obtained independently (any copy checks any package), or the program “sallyport verify”, which makes the same checks.',
  'The page works without a network, and its own rules forbid the browser to open any connection. What you choose is read on this computer only, and nothing of it is kept.',
  'What it reads follows public standards: BagIt (RFC 8493), SHA-256 and SHA-512 (FIPS 180-4), Ed25519 (RFC 8032), Merkle trees (RFC 6962), and signed notes, checkpoints and proofs (c2sp.org). Any other program that follows them can take its place.',
];

// --- items and events ---

export function itemWords(item: ItemRow): string {
  if (item.state === 'good') return 'This is the file that was taken in.';
  if (item.state === 'bad') return 'This is not shown to be the file that was taken in.';
  return 'Cannot be told: the entries that it depends on are not proven.';
}

/** docs/ledger.md, Acts; the words are those of the custody report. */
const ACTS: Readonly<Record<string, string>> = {
  'agency.created': 'The agency’s log began',
  'token.issued': 'An access token was issued',
  'token.revoked': 'An access token was revoked',
  'gate.denied': 'Access was refused',
  'upload.created': 'Upload began',
  'upload.refused': 'Upload refused: what came is not what was declared',
  'upload.removed': 'Upload taken back by its sender',
  'upload.expired': 'Upload not finished in time; discarded',
  'upload.lost': 'Upload lost: its bytes are not there any more',
  'evidence.sealed': 'Received in full and sealed as evidence',
  'evidence.opened': 'Viewing began',
  'evidence.closed': 'Viewing ended',
  'evidence.exported': 'Copied out in a package',
  'evidence.previewed': 'A still picture of it was shown',
  'media.opened': 'The system itself began to examine it',
  'media.probed': 'The system’s examination ended',
  'evidence.corrupt': 'The stored content failed its check',
  'person.added': 'An account was made for a person',
  'person.changed': 'What is known of a person was corrected',
  'person.transferred': 'A person went to another unit; rights were given anew',
  'role.given': 'A person was given another role',
  'person.disabled': 'A person’s account was disabled',
  'person.enabled': 'A person’s account was enabled again',
  'person.ending': 'The end of a person’s account was set',
  'person.terminated': 'A person’s account ended for good',
  'screening.recorded': 'A background check of a person was recorded',
  'training.recorded': 'A person’s training was recorded',
  'training.demanded': 'Training was demanded of a person',
  'addendum.document': 'A document to be signed was kept',
  'addendum.signed': 'A security addendum or terms of access were signed',
  'agreement.recorded': 'An agreement of the agency was recorded',
  'agreement.reviewed': 'An agreement of the agency was reviewed',
  'agreement.ended': 'An agreement of the agency was ended',
  'clearance.warned': 'Warned that a clearance will lapse',
  'clearance.lapsed': 'A clearance lapsed; access stopped',
  'roster.applied': 'A list of personnel was taken in',
  'sealed.kept': 'An identifying number of a person was sealed',
  'sealed.shown': 'An identifying number of a person was shown',
  'sealed.opened': 'What is sealed of a person was opened',
  'personnel.exported': 'The personnel file was exported',
  'session.opened': 'A person signed in',
  'session.renewed': 'A person proved anew who they are',
  'session.locked': 'A session was locked after a time without use',
  'session.ended': 'A session ended',
  'session.refused': 'An attempt to sign in was refused',
  'session.throttled': 'Too many attempts to sign in came from one place',
  'notice.acknowledged': 'The notice of use was acknowledged',
  'credential.invited': 'A person was invited to enrol',
  'credential.enrolled': 'A second factor was enrolled',
  'credential.changed': 'A person’s password or recovery codes were changed',
  'credential.removed': 'A second factor was removed',
  'credential.recovered': 'A recovery code was used in place of a second factor',
  'lockbox.requested': 'Somebody of the provider’s wishes to see evidence',
  'lockbox.asked': 'The provider asked to see evidence',
  'lockbox.approved': 'The provider’s request was approved',
  'lockbox.denied': 'The provider’s request was denied or dropped',
  'lockbox.expired': 'The provider’s request ran out unanswered',
  'lockbox.revoked': 'The provider’s access was revoked',
  'lockbox.completed': 'The provider’s access ended',
  'lockbox.used': 'The provider began work under a lockbox grant',
  'lockbox.touched': 'The provider looked at it under a lockbox grant',
  'glass.requested': 'The provider wishes to break glass: access before an answer',
  'glass.confirmed': 'Somebody else of the provider confirmed it',
  'glass.broken': 'The provider broke glass: access without an answer',
  'glass.reviewed': 'The agency reviewed why glass was broken',
  'credential.suspected': 'A passkey was disabled, for there seems to be a copy of it',
  'provider.added': 'An identity provider was added',
  'provider.removed': 'An identity provider was removed',
  'identity.linked': 'A person was linked to an account at an identity provider',
  'identity.unlinked': 'A person’s links to accounts elsewhere were undone',
  'share.granted': 'Shared with another agency',
  'share.revoked': 'A share was revoked',
  'share.declined': 'A share was declined by whom it was with',
  'share.ended': 'A share ended',
  'share.used': 'Opened what another agency shared',
  'group.formed': 'A joint task force was formed',
  'group.joined': 'An agency joined a joint task force',
  'group.changed': 'Who is in a joint task force changed',
  'group.left': 'An agency left a joint task force',
  'group.ended': 'A joint task force ended',
  'group.persons': 'Who comes to a joint task force for the agency was said',
  'service.added': 'A service account was added',
  'service.rotated': 'A service account got a new secret',
  'service.revoked': 'A service account was revoked',
  'service.token': 'A service account signed in',
  'service.refused': 'A service account was turned away',
  'recovery.prepared': 'Shares were made for the loss of all administrators',
  'recovery.begun': 'Recovery of the administration was begun',
  'recovery.confirmed': 'Recovery of the administration was confirmed by a second person',
  'recovery.refused': 'A share for recovery was turned away',
  'twin.joined': 'The other agency’s log has it too; its proof is kept here',
  'device.added': 'A device was added; it may enrol once',
  'device.enrolled': 'A device enrolled and got its certificate',
  'device.rotated': 'A device renewed its certificate',
  'device.revoked': 'A device was revoked and cut off',
  'log.skipped': 'A place in the log was passed over',
};

/** What was asked for, in vain. */
const DENIED: Readonly<Record<string, string>> = {
  'evidence.upload': 'to upload',
  'evidence.list': 'to list evidence',
  'evidence.show': 'to see the item’s description',
  'evidence.view': 'to view the content',
  'evidence.export': 'to copy it out',
  'evidence.preview': 'to see a still picture of it',
  'media.probe': 'to examine its media',
  'evidence.custody': 'to see its custody',
  'events.follow': 'to follow what happens',
  'log.entries': 'to read the log',
  'token.manage': 'to manage access tokens',
};

/** How the system's look into the media ended. */
const EXAMINED: Readonly<Record<string, string>> = {
  done: 'its format and length were read',
  none: 'it is no video, sound or picture',
  unreadable: 'kept as it came; not readable as media',
  queued: 'interrupted; it will be tried again',
};

const REASONS: Readonly<Record<string, string>> = {
  empty: 'the file is empty',
  format: 'not a known media format',
  damaged: 'damaged or cut off',
  streams: 'too many streams',
  dimensions: 'its pictures are too large',
  memory: 'takes too much memory to read',
  time: 'takes too long to read',
  bytes: 'too much of it would have to be read',
  crashed: 'reading it ended unexpectedly',
  nonsense: 'reading it gave no sense',
  stored: 'the stored bytes fail their check',
  tries: 'reading it was interrupted too often',
  interrupted: 'reading it was interrupted',
};

const OUTCOMES: Readonly<Record<string, string>> = { done: '', refused: ' (refused)', failed: ' (failed)' };

export function actWords(event: EventRow): string {
  if (event.act === '') return 'Not readable';
  const words = ACTS[event.act] ?? `Other act: ${visible(event.act)}`;
  const outcome = OUTCOMES[event.outcome] ?? ` (${visible(event.outcome)})`;
  return event.act === 'gate.denied' || event.act === 'upload.refused' ? words : words + outcome;
}

/** What the entry says beyond who and when. */
export function detailWords(event: EventRow): string {
  const detail = new Map(event.detail);
  const bits: string[] = [];
  const say = (name: string, words: (value: string) => string) => {
    const value = detail.get(name);
    if (value === undefined) return;
    bits.push(words(visible(value)));
    detail.delete(name);
  };
  if (event.act === 'evidence.closed') {
    say('bytes', (v) => `${bytes(Number(v))} were delivered`);
    say('opened', (v) => `opened by entry ${v}`);
    say('cut', () => "cut off: the viewer's access was revoked");
  }
  if (event.act === 'evidence.sealed') {
    say('size', (v) => bytes(Number(v)));
    say('media_type', (v) => v);
    say('captured_at', (v) => `recorded at ${v}, as the device says`);
    say('sha256', (v) => `SHA-256 ${v}`);
    detail.delete('filename_sha256');
  }
  if (event.act === 'media.probed') {
    say('state', (v) => EXAMINED[v] ?? `state: ${v}`);
    say('reason', (v) => REASONS[v] ?? `reason: ${v}`);
    say('poster_sha256', (v) => `a still picture of it was made, SHA-256 ${v}`);
    say('opened', (v) => `opened by entry ${v}`);
  }
  if (event.act === 'gate.denied') {
    say('act', (v) => DENIED[v] ?? `asked for: ${v}`);
    say('code', (v) => `reason: ${v}`);
    say('stands_for', (v) => `stands for ${v} such attempts`);
  }
  for (const [name, value] of detail) bits.push(`${visible(name)}: ${visible(value)}`);
  return bits.join('; ');
}

export function whoWords(event: EventRow): string {
  const kinds: Readonly<Record<string, string>> = { token: 'access token', site: 'the system itself', person: 'person' };
  if (event.actorKind === '') return 'not readable';
  const kind = kinds[event.actorKind] ?? visible(event.actorKind);
  return event.actorKind === 'site' ? kind : `${kind} ${visible(event.actor)}`;
}

export function whereWords(event: EventRow): string {
  return event.address === '' ? '' : `from ${visible(event.address)}`;
}

export function proofState(event: EventRow): State {
  if (event.proof === 'bad' || event.entry === 'bad') return 'bad';
  return event.proof === 'good' && event.entry === 'good' ? 'good' : 'unknown';
}

export function proofWords(event: EventRow): string {
  const state = proofState(event);
  if (state === 'good') return 'Proven';
  return state === 'bad' ? `Not proven: ${event.wrong.join('; ')}` : 'Not checked: there is no signed state of the log';
}

