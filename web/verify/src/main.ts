// The page: takes what is given, lets it be checked, shows what came of it.
import { ABOUT_THIS_PAGE, bytes, conclusion } from './words.ts';
import { by, el, show } from '../../lib/dom.ts';
import { NotGiven, fromDrop, fromFiles, fromFolderInput, seen } from './given.ts';
import { parseKey, type LogKey } from './note.ts';
import { pinned } from './checks.ts';
import type { Report } from './report.ts';
import type { Given } from './source.ts';
import { reportText } from './text.ts';
import { openForPrint, resultOf } from './view.ts';
import { Cancelled, serve, start, type Progress, type Run } from './worker.ts';

declare const SALLYPORT_VERSION: string;

/** Said to a screen reader at most this often. */
const SAY_MS = 10_000;
/** No estimate before this. */
const ESTIMATE_MS = 4000;

class Page {
  private report: Report | undefined;
  private checkedAt = '';
  private shownPin: string | undefined;
  private run: Run | undefined;
  private began = 0;
  private said = 0;

  constructor(private readonly script: string) {}

  open(): void {
    by('about').append(el('ul', {}, ...ABOUT_THIS_PAGE.map((line) => el('li', {}, line))));
    by('version').textContent = SALLYPORT_VERSION;
    this.listenToInputs();
    this.listenToDrops();
    by('cancel').addEventListener('click', () => this.run?.cancel());
    by('key').addEventListener('input', () => this.onKey());
    let folded = () => {};
    addEventListener('beforeprint', () => {
      folded = openForPrint(by('result'));
    });
    addEventListener('afterprint', () => folded());
    show(by('steps'), true);
  }

  // --- what is given ---

  private listenToInputs(): void {
    const pairs = [['file', fromFiles], ['folder', fromFolderInput]] as const;
    for (const [name, from] of pairs) {
      const input = by<HTMLInputElement>(`${name}-input`);
      by(`${name}-button`).addEventListener('click', () => input.click());
      input.addEventListener('change', () => {
        const files = [...(input.files ?? [])];
        input.value = ''; // the same one may be given again
        if (files.length > 0) void this.take(async () => from(files));
      });
    }
  }

  /** The whole page takes drops, so that none opens as a page by mistake. */
  private listenToDrops(): void {
    const drop = by('drop');
    addEventListener('dragover', (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
    addEventListener('dragleave', () => drop.classList.remove('over'));
    addEventListener('drop', (event) => {
      event.preventDefault();
      drop.classList.remove('over');
      const things = event.dataTransfer ? seen(event.dataTransfer) : [];
      if (!this.run) void this.take(() => fromDrop(things));
    });
  }

  private async take(give: () => Promise<Given>): Promise<void> {
    this.say('');
    try {
      await this.check(await give());
    } catch (error) {
      if (!(error instanceof NotGiven)) throw error;
      this.say(error.message);
    }
  }

  private say(problem: string): void {
    by('problem').textContent = problem;
    show(by('problem'), problem !== '');
  }

  // --- checking ---

  private async check(given: Given): Promise<void> {
    this.report = undefined;
    show(by('result'), false);
    this.working(true);
    by('progress-name').textContent = given.name;
    this.onProgress({ done: 0, total: 1 });
    this.run = start(given, this.script, (progress) => this.onProgress(progress));
    try {
      this.report = await this.run.report;
      this.checkedAt = new Date().toISOString();
      this.showResult();
      by('result-title').focus();
    } catch (error) {
      this.say(error instanceof Cancelled ? 'The check was cancelled. It has no result.'
        : `The check ended before it was finished: ${String(error)}`);
      by('file-button').focus();
    } finally {
      this.run = undefined;
      this.working(false);
    }
  }

  private working(on: boolean): void {
    show(by('progress'), on);
    show(by('give'), !on);
    if (!on) return;
    this.began = performance.now();
    this.said = 0;
    by('cancel').focus();
  }

  private onProgress({ done, total }: Progress): void {
    const percent = total > 0 ? Math.floor((100 * done) / total) : 100;
    const passed = performance.now() - this.began;
    by<HTMLProgressElement>('bar').value = percent;
    const left = passed > ESTIMATE_MS && done > 0 ? `, ${remaining((passed * (total - done)) / done)}` : '';
    by('progress-text').textContent = done >= total && total > 1
      ? 'All files read. Checking the custody entries…'
      : `${percent} %${total > 1 ? ` of ${bytes(total)}` : ''}${left}`;
    if (performance.now() - this.said < SAY_MS && this.said !== 0) return;
    this.said = performance.now();
    by('progress-say').textContent = `${percent} percent checked`;
  }

  // --- the result ---

  private pin(): LogKey | undefined {
    return parseKey(this.keyText());
  }

  private keyText(): string {
    // Mail programs break long lines; a key has no spaces.
    return by<HTMLTextAreaElement>('key').value.replace(/\s+/g, '');
  }

  private onKey(): void {
    this.sayKey();
    // What the reader has unfolded stays so while nothing changes.
    if (this.report && this.pin()?.text !== this.shownPin) this.showResult();
  }

  private sayKey(): void {
    const text = this.keyText();
    const pin = this.pin();
    const malformed = text !== '' && !pin;
    const is = this.report && pin ? pinned(this.report, pin) : 'none';
    by('key').setAttribute('aria-invalid', String(malformed || is === 'other'));
    by('key-say').textContent = malformed
      ? 'This is not a complete log key. A log key is a name, a plus sign, eight digits or letters, another plus sign, and 44 more characters.'
      : is === 'same' ? '✓ This is the key of the package’s log.'
        : is === 'other' ? '✗ This is not the key of the package’s log.'
          : pin ? 'This is a log key. It will be compared with the one in the package.' : '';
  }

  private showResult(): void {
    if (!this.report) return;
    this.sayKey();
    this.shownPin = this.pin()?.text;
    by('result').replaceChildren(...resultOf(this.report, this.pin(), this.checkedAt, this.actions()));
    show(by('result'), true);
    document.title = `${conclusion(this.report, this.pin()).title}: ${this.report.source.name}`;
  }

  private text(): string {
    return this.report
      ? reportText(this.report, this.pin(), { at: this.checkedAt, version: SALLYPORT_VERSION })
      : '';
  }

  private actions(): HTMLElement {
    const said = el('p', { role: 'status', class: 'said' });
    const button = (label: string, act: () => void | Promise<void>) => {
      const made = el('button', { type: 'button' }, label);
      made.addEventListener('click', () => void act());
      return made;
    };
    return el('div', { class: 'actions' },
      button('Copy the result as text', async () => {
        said.textContent = (await copy(this.text())) ? 'Copied.' : 'The browser does not allow copying here. Save the result instead.';
      }),
      button('Save the result as text', () => save(`${this.report?.source.name ?? 'result'}.check.txt`, this.text())),
      button('Print', () => print()), said);
  }
}

function remaining(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (ms < 90_000) return `about ${Math.max(1, Math.ceil(ms / 10_000)) * 10} seconds left`;
  return `about ${minutes} minutes left`;
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

/** For browsers that keep the clipboard from pages opened from a file. */
function copyByHand(text: string): boolean {
  const area = el('textarea', { 'aria-hidden': 'true' });
  area.value = text;
  document.body.append(area);
  area.select();
  const good = document.execCommand('copy');
  area.remove();
  return good;
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = el('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// The same script runs in the page and in its workers.
if (typeof document === 'undefined') {
  serve(self as unknown as Parameters<typeof serve>[0]);
} else {
  new Page(document.currentScript?.textContent ?? '').open();
}
