// The result, as elements of the page.
import { findingsWith } from './checks.ts';
import { el, type Child } from '../../lib/dom.ts';
import type { Finding } from './finding.ts';
import type { LogKey } from './note.ts';
import type { EventRow, FileRow, ItemRow, Report, State } from './report.ts';
import {
  NOT_PROVEN, STATE_SIGN, STATE_WORDS, actWords, bytes, checksOf, conclusion, count, detailWords,
  findingWords, grouped, itemWords, placeWords, proofState, proofWords, proven, time, visible,
  whereWords, whoWords, type Check, type Proven,
} from './words.ts';

/** More than this is not put into the page at once. */
const ITEMS_OPEN = 10;
const EVENTS_SHOWN = 500;
const FILES_SHOWN = 1000;
const FINDINGS_SHOWN = 50;

// --- pieces ---

/** A sign for the eye; the words beside it say the same. */
function sign(text: string, state: string): HTMLElement {
  return el('span', { class: `sign ${state}`, 'aria-hidden': 'true' }, text);
}

function marked(state: State, words: string): HTMLElement {
  return el('span', { class: `mark ${state}` }, sign(STATE_SIGN[state], state), ' ', words);
}

function list(lines: readonly string[]): HTMLElement {
  return el('ul', {}, ...lines.map((line) => el('li', {}, line)));
}

/** A hash or an id: the reader may select it whole, lines break anywhere. */
function code(text: string): HTMLElement {
  return el('code', {}, text);
}

function facts(pairs: readonly (readonly [string, Child])[]): HTMLElement {
  return el('dl', { class: 'facts' }, ...pairs.filter(([, what]) => what)
    .map(([name, what]) => el('div', {}, el('dt', {}, name), el('dd', {}, what))));
}

/** A table that may be wider than the page is scrolled by itself, by keyboard too. */
function wide(label: string, table: HTMLElement): HTMLElement {
  return el('div', { class: 'wide', role: 'region', 'aria-label': label, tabindex: '0' }, table);
}

function table(caption: string, heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  return el('table', {}, el('caption', {}, caption),
    el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))),
    el('tbody', {}, ...rows));
}

function section(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  return el('section', { 'aria-labelledby': id }, el('h3', { id }, title), ...children);
}

/** Details that are made when they are opened (or printed). */
function folded(summary: string, open: boolean, fill: () => readonly Child[]): HTMLElement {
  const details = el('details', {}, el('summary', {}, summary));
  let filled = false;
  const now = () => {
    if (filled || !details.open) return;
    filled = true;
    for (const child of fill()) if (child) details.append(child);
  };
  details.addEventListener('toggle', now);
  details.open = open;
  now();
  return details;
}

/** Before printing: what is folded is opened, and folded again afterwards. */
export function openForPrint(root: HTMLElement): () => void {
  const closed = [...root.querySelectorAll('details')].filter((details) => !details.open);
  for (const details of closed) {
    details.open = true;
    details.dispatchEvent(new Event('toggle'));
  }
  return () => {
    for (const details of closed) details.open = false;
  };
}

// --- findings ---

function findingItem(finding: Finding): HTMLElement {
  return el('li', {},
    el('p', { class: 'place' }, 'At ', finding.place === '' ? placeWords(finding) : code(placeWords(finding))),
    el('p', {}, findingWords(finding)),
    el('p', { class: 'exact' }, `Technical description: ${finding.text}`));
}

function findingsSection(findings: readonly Finding[]): HTMLElement[] {
  const others = findings.slice(1);
  const shown = others.slice(0, FINDINGS_SHOWN);
  return others.length === 0 ? [] : [section('others', `${count(others.length, 'other problem')} found`,
    el('p', {}, 'Some of these may be consequences of the first.'),
    el('ul', { class: 'findings' }, ...shown.map(findingItem)),
    shown.length < others.length &&
      el('p', {}, `The first ${FINDINGS_SHOWN} of ${others.length} are shown. The result as text has all.`))];
}

// --- checks ---

function checkItem(check: Check): HTMLElement {
  return el('li', { class: `check ${check.state}` },
    el('h4', {}, check.title),
    el('p', { class: 'outcome' }, marked(check.state, `${STATE_WORDS[check.state]}. `), check.result),
    el('p', { class: 'meaning' }, check.meaning));
}

function checksSection(checks: readonly Check[]): HTMLElement {
  return section('checked', 'What was checked', el('ol', { class: 'checks' }, ...checks.map(checkItem)));
}

function provesSection({ lead, lines }: Proven): HTMLElement {
  return section('proves', 'What this proves', lead !== '' && el('p', {}, lead),
    lines.length > 0 && list(lines));
}

// --- the evidence ---

function eventRow(event: EventRow): HTMLElement {
  const state = proofState(event);
  const detail = detailWords(event);
  return el('tr', {},
    el('td', { class: 'number' }, event.index),
    el('td', { class: 'when' }, el('time', { datetime: event.at, title: visible(event.at) }, time(event.at).replace(/ UTC$/, ''))),
    el('td', {}, actWords(event), detail !== '' && el('span', { class: 'detail' }, detail)),
    el('td', { class: 'who' }, whoWords(event), el('span', { class: 'detail' }, whereWords(event))),
    el('td', {}, marked(state, proofWords(event))));
}

function custody(item: ItemRow): HTMLElement {
  const shown = item.events.slice(0, EVENTS_SHOWN);
  const name = visible(item.name);
  return el('div', {},
    wide(`Custody of ${name}`, table(`Custody of ${name}: ${count(item.events.length, 'entry', 'entries')}`,
      ['Entry', 'When (UTC)', 'What', 'By whom', 'Proof that it is in the log'], shown.map(eventRow))),
    shown.length < item.events.length &&
      el('p', {}, `The first ${EVENTS_SHOWN} of ${item.events.length} are shown. The result as text has all.`));
}

function itemFacts(item: ItemRow): HTMLElement {
  const { sealed } = item;
  const recorded = new Map(sealed?.detail ?? []).get('sha256') ?? '';
  return facts([
    ['Result', marked(item.state, itemWords(item))],
    ['Size', bytes(item.size)],
    ['Fingerprint (SHA-256) of this file', code(item.sha256)],
    ['Fingerprint recorded when it was taken in', sealed && (recorded === item.sha256
      ? el('span', {}, 'The same.') : code(visible(recorded || 'none')))],
    ['SHA-512', code(item.sha512)],
    ['Taken in and sealed', sealed ? `${time(sealed.at)}, entry ${sealed.index} of the log`
      : 'No entry in the package says so.'],
    ['By', sealed && `${whoWords(sealed)} ${whereWords(sealed)}`],
    ['Item number', code(item.id)],
    ['Name in the package', item.nameInBag !== '' && visible(item.nameInBag)],
    ['Place in the package', code(visible(item.path))],
  ]);
}

function itemArticle(item: ItemRow, open: boolean): HTMLElement {
  const fill = () => [itemFacts(item), custody(item)];
  const title = el('h4', {}, el('bdi', {}, visible(item.name)));
  return el('article', { class: `item ${item.state}` }, title,
    ...(open ? fill() : [folded(`${STATE_WORDS[item.state]}. Show fingerprints and custody`, false, fill)]));
}

function evidenceSection(items: readonly ItemRow[]): HTMLElement | null {
  if (items.length === 0) return null;
  const open = items.length <= ITEMS_OPEN;
  return section('evidence', `The evidence: ${count(items.length, 'item')}`,
    ...items.map((item) => itemArticle(item, open)));
}

// --- the log, all files ---

function logSection(report: Report): HTMLElement {
  const { log } = report;
  return section('log', 'The log and its key',
    facts([
      ['Log', log.name !== '' && visible(log.name)],
      ['Key of the log, as found in the package', log.key === '' ? 'None that is readable.' : code(visible(log.key))],
      ['Fingerprint of that key (SHA-256)', log.fingerprint !== '' && code(grouped(log.fingerprint))],
      ['Entries when the package was made', log.size],
      ['Root hash of the signed state', log.root !== '' && code(log.root)],
      ['Agency number in the entries', report.agency !== '' && code(visible(report.agency))],
      ['Witnesses', log.cosigned !== '' &&
        `An earlier state of this same log, of ${log.cosigned} entries, carries signatures of: ${log.witnesses.map(visible).join(', ')}. Not checked here: their keys are not in the package. With a key from the witness: sallyport verify --witness KEY.`],
      ['Time stamp', log.timestamped !== '' &&
        `An earlier state of this same log, of ${log.timestamped} entries, carries the stamp of a time authority. Not checked here. With the authority’s certificate: openssl ts -verify -in log/timestamp.tsr -data log/timestamped -CAfile FILE.`],
    ]),
    log.key !== '' && el('p', {},
      'Ask the agency for its log key separately from this package. If it is the key above, character by character, the log is the agency’s. Over the telephone, comparing the fingerprint of the key is enough.'));
}

function fileRow(file: FileRow): HTMLElement {
  return el('tr', {}, el('td', {}, code(visible(file.path))), el('td', { class: 'number' }, file.size.toLocaleString('en-US')),
    el('td', { class: 'hash' }, el('span', { class: 'algorithm' }, 'SHA-256 '), code(file.sha256),
      el('span', { class: 'algorithm' }, 'SHA-512 '), code(file.sha512)));
}

function filesSection(files: readonly FileRow[]): HTMLElement {
  const shown = files.slice(0, FILES_SHOWN);
  const fill = () => [
    wide('All files', table('All files of the package', ['File', 'Bytes', 'Fingerprints'], shown.map(fileRow))),
    shown.length < files.length && el('p', {}, `The first ${FILES_SHOWN} of ${files.length} are shown. The result as text has all.`),
  ];
  return section('files', 'All files and their fingerprints',
    folded(`Show ${count(files.length, 'file')}`, false, fill));
}

// --- the whole ---


function verdictBox(report: Report, pin: LogKey | undefined, at: string): HTMLElement {
  const end = conclusion(report, pin);
  const [first] = findingsWith(report, pin);
  const signs = { good: '✓', ask: '?', bad: '✗' } as const;
  return el('div', { class: `verdict ${end.state}` },
    el('h2', { id: 'result-title', tabindex: '-1' }, sign(signs[end.state], end.state), ' ', end.title),
    ...end.lines.map((line) => el('p', {}, line)),
    first && el('ul', { class: 'findings' }, findingItem(first)),
    facts([
      ['Package', el('bdi', {}, visible(report.source.name))],
      ['Exported by', report.claims.organization !== '' && `${visible(report.claims.organization)} (as the package says)`],
      ['Size', `${bytes(report.source.size)}, ${count(report.files.length, 'file')}`],
      ['Checked', `${time(at)}, by this computer’s clock`],
    ]));
}

/** Everything below the steps. */
export function resultOf(report: Report, pin: LogKey | undefined, at: string, actions: HTMLElement): HTMLElement[] {
  return [
    verdictBox(report, pin, at),
    actions,
    ...findingsSection(findingsWith(report, pin)),
    checksSection(checksOf(report, pin)),
    provesSection(proven(report, pin)),
    section('proves-not', 'What it does not prove', list(NOT_PROVEN)),
    evidenceSection(report.items),
    logSection(report),
    report.files.length > 0 && filesSection(report.files),
  ].filter((part): part is HTMLElement => part instanceof HTMLElement);
}
