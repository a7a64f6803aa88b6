// The whole result as plain text, to be filed or mailed.
import { findingsWith } from './checks.ts';
import type { LogKey } from './note.ts';
import type { ItemRow, Report } from './report.ts';
import {
  ABOUT_THIS_PAGE, NOT_PROVEN, STATE_WORDS, actWords, bytes, checksOf, conclusion, count, detailWords,
  findingWords, itemWords, placeWords, proofWords, proven, time, visible, whereWords, whoWords,
} from './words.ts';

const WIDTH = 78;

/** Lines of at most WIDTH, the first after `lead`, the rest below it. */
function wrap(text: string, lead = ''): string {
  const lines: string[] = [];
  let line = lead;
  for (const word of text.split(' ')) {
    if (line.length > lead.length && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(lead.length);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}

function heading(text: string): string {
  return `\n${text.toUpperCase()}\n`;
}

function itemText(item: ItemRow): string[] {
  const lines = [
    '', `${visible(item.name)}`,
    `  item      ${item.id}`,
    `  result    ${itemWords(item)}`,
    `  size      ${bytes(item.size)}`,
    `  SHA-256   ${item.sha256}`,
    `  SHA-512   ${item.sha512.slice(0, 64)}`,
    `            ${item.sha512.slice(64)}`,
    `  sealed    ${item.sealed ? time(item.sealed.at) : 'no entry says so'}`,
    ...(item.sealed ? [`  by        ${whoWords(item.sealed)}`] : []),
    '  custody',
  ];
  for (const event of item.events) {
    lines.push(wrap(`${time(event.at)}  ${actWords(event)}, by ${whoWords(event)} ${whereWords(event)}`.trimEnd(),
      `  ${event.index.padStart(8)}  `));
    const detail = detailWords(event);
    if (detail !== '') lines.push(wrap(detail, ' '.repeat(12)));
    lines.push(wrap(proofWords(event), ' '.repeat(12)));
  }
  return lines;
}

export interface TextFacts {
  /** When it was checked, RFC 3339. */
  readonly at: string;
  readonly version: string;
}

export function reportText(report: Report, pin: LogKey | undefined, facts: TextFacts): string {
  const end = conclusion(report, pin);
  const findings = findingsWith(report, pin);
  const lines = [
    'CHECK OF A PACKAGE OF DIGITAL EVIDENCE', '',
    `package   ${visible(report.source.name)} (${report.source.kind}, ${bytes(report.source.size)})`,
    `checked   ${time(facts.at)}, by the clock of the computer used`,
    `with      verify.html of Sallyport ${facts.version}`,
    `from      ${visible(report.claims.organization)} (as the package says)`,
    heading(end.title), ...end.lines.map((line) => wrap(line)),
  ];
  if (findings.length > 0) lines.push(heading('Problems found, the first one first'));
  for (const [i, finding] of findings.entries())
    lines.push(wrap(`${placeWords(finding)}: ${findingWords(finding)} (“${finding.text}”)`, `${i + 1}. `));
  lines.push(heading('What was checked'));
  for (const check of checksOf(report, pin))
    lines.push(wrap(`${STATE_WORDS[check.state]}: ${check.title}.`, '- '), wrap(check.result, '  '));
  const proof = proven(report, pin);
  lines.push(heading('What this proves'), ...(proof.lead === '' ? [] : [wrap(proof.lead)]),
    ...proof.lines.map((line) => wrap(line, '- ')));
  lines.push(heading('What it does not prove'), ...NOT_PROVEN.map((line) => wrap(line, '- ')));
  lines.push(heading('The log'), `key          ${report.log.key || 'none found'}`,
    `fingerprint  ${report.log.fingerprint}`, `entries      ${report.log.size}`,
    `root         ${report.log.root}`);
  lines.push(heading(`The evidence: ${count(report.items.length, 'item')}`), ...report.items.flatMap(itemText));
  lines.push(heading(`All files: ${count(report.files.length, 'file')}`));
  for (const file of report.files) lines.push(`${file.sha256}  ${visible(file.path)}`);
  lines.push(heading('About this check'), ...ABOUT_THIS_PAGE.map((line) => wrap(line, '- ')), '');
  return lines.join('\n');
}
