// The page: one step at a time, each named in its heading, which gets the focus.
import encodeQR from 'qr';
import { Api, Problem, type Credential, type Factor, type Me, type Notice, type Provider, type Session, type Step } from './api.ts';
import { by, el, type Child } from '../../lib/dom.ts';
import { button, field, filled, form, reveal, type Field } from './form.ts';
import { safeNext } from './next.ts';
import { picture } from './picture.ts';
import { NoPasskey, available, create, get } from './webauthn.ts';
import { NO_PASSKEY, WORDS, browser, elsewhereText, methods, problemText } from './words.ts';

declare const SALLYPORT_VERSION: string;

/** After these the session is no more. */
const OVER = new Set(['session.unknown', 'session.ended', 'session.void', 'session.expired']);

/** And after these both factors must be shown anew. */
const STALE = new Set(['session.stale', 'factor']);

const when = (text: string): string =>
  new Date(text).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

class Page {
  private readonly api: Api;
  private readonly next: string | undefined;
  private notice: Notice | undefined;
  private providers: readonly Provider[] = [];
  private agreed = false;
  private busy = false;
  private after = ''; // to be said at the next step
  private wrong = ''; // and what is wrong there
  private wanted: (() => Promise<void>) | undefined; // once both steps are proved anew
  private factors: readonly Factor[] = [];
  private staying = false; // rather than going on to `next`

  constructor(agency: string) {
    this.api = new Api(`/v1/agencies/${encodeURIComponent(agency)}/`);
    this.next = safeNext(new URLSearchParams(location.search).get('next'), location.origin);
  }

  open(): void {
    by('version').textContent = SALLYPORT_VERSION;
    this.run(async () => {
      [this.notice, this.providers] = await Promise.all([this.api.notice(), this.api.providers()]);
      await this.reload();
      this.sayBack();
    });
  }

  /** How a sign-in elsewhere ended, if not well; said once. */
  private sayBack(): void {
    const at = new URL(location.href);
    const reason = at.searchParams.get('problem');
    if (reason === null) return;
    at.searchParams.delete('problem');
    history.replaceState(null, '', at);
    this.say('problem', elsewhereText(reason));
  }

  // --- saying ---

  private say(id: 'problem' | 'said', text: string): void {
    const element = by(id);
    element.hidden = text === '';
    element.textContent = text;
  }

  private step(title: string, ...children: readonly Child[]): void {
    const heading = el('h2', { tabindex: '-1' }, title);
    this.say('problem', this.wrong);
    this.say('said', this.after);
    this.wrong = this.after = '';
    by('step').replaceChildren(el('section', {}, heading, ...children.filter((c): c is Node | string => !!c)));
    document.title = `${title} · ${by('agency').textContent ?? ''}`;
    heading.focus();
    scrollTo(0, 0);
  }

  /** One thing at a time; what fails is said, and what to do then. */
  private run(work: () => Promise<void>): void {
    if (this.busy) return;
    this.working(true);
    this.say('problem', '');
    this.say('said', '');
    void work().catch((error: unknown) => this.failed(error)).finally(() => this.working(false));
  }

  private working(on: boolean): void {
    this.busy = on;
    by('step').setAttribute('aria-busy', String(on));
    for (const element of document.querySelectorAll('#step button'))
      element.setAttribute('aria-disabled', String(on));
  }

  private failed(error: unknown): void {
    if (error instanceof Problem && OVER.has(error.reason)) this.showStart();
    this.say('problem', textOf(error));
    if (!(error instanceof Problem || error instanceof NoPasskey)) throw error;
  }

  // --- where it stands ---

  private go(step: Step): void {
    if (step.recovery_codes) this.showCodes(step.recovery_codes, () => this.at(step.stage, step.factors));
    else this.at(step.stage, step.factors);
  }

  private at(stage: Step['stage'], factors: readonly Factor[], me?: Me): void {
    this.factors = factors;
    switch (stage) {
      case 'factor': return this.showFactor();
      case 'enrol': return this.showEnrol();
      case 'change': return this.showChange();
      case 'notice': return this.agreed ? this.acknowledge() : this.showNotice(() => this.acknowledge());
      case 'locked': return this.showLocked();
      case 'open': return me ? this.showOpen(me) : this.arrive();
    }
  }

  /** Signed in now: on to where one was going, or stay here. */
  private arrive(): void {
    if (this.wanted) return this.goOn(this.wanted);
    if (this.next && !this.staying) {
      location.assign(this.next);
      return;
    }
    this.later(async () => this.reload());
  }

  /** What was wanted before both steps had to be proved anew. */
  private goOn(wanted: () => Promise<void>): void {
    this.wanted = undefined;
    this.later(async () => {
      try {
        await wanted();
      } catch (error) {
        this.wrong = textOf(error);
        await this.reload();
      }
    });
  }

  private async reload(): Promise<void> {
    this.wanted = undefined;
    const me = await this.api.me();
    if (me) this.at(me.session.stage, me.factors, me);
    else if (this.agreed) this.showStart();
    else this.showNotice();
  }

  /** After what runs now. */
  private later(work: () => Promise<void>): void {
    setTimeout(() => this.run(work));
  }

  private acknowledge(): void {
    this.later(async () => this.go(await this.api.acknowledge(this.notice?.sha256 ?? '')));
  }

  // --- the steps ---

  private showNotice(then: () => void = () => this.showStart()): void {
    this.step(WORDS.notice.title,
      el('div', { class: 'notice' }, ...(this.notice?.text ?? '').trim().split(/\n\s*\n/)
        .map((paragraph) => el('p', {}, paragraph.replace(/\s+/g, ' ')))),
      el('p', { class: 'buttons' }, button(WORDS.notice.agree, () => {
        this.agreed = true;
        then();
      }, 'main')));
  }

  private showStart(): void {
    const login = field(WORDS.start.login, { autocomplete: 'username' });
    const password = field(WORDS.start.password, { type: 'password', autocomplete: 'current-password' });
    this.step(WORDS.start.title,
      available() && el('p', { class: 'quiet' }, WORDS.start.passkeyHelp),
      available() && el('p', { class: 'buttons' },
        button(WORDS.start.passkey, () => this.run(async () => this.go(await this.alone())), 'main')),
      available() && el('p', { class: 'or' }, WORDS.start.or),
      form(WORDS.start.go, () => {
        if (filled(login, password))
          this.run(async () => this.go(await this.api.password(login.input.value, password.input.value)));
      }, login.box, password.box, reveal(password)),
      ...this.elsewhere(false),
      el('p', {}, button(WORDS.start.invited, () => this.showInvited(), 'plain')));
  }

  private elsewhere(anew: boolean): readonly HTMLElement[] {
    const next = new URLSearchParams(location.search).get('next');
    return this.providers.map((p) => el('p', { class: 'buttons' }, button(`${WORDS.start.there} ${p.title}`, () =>
      location.assign(this.api.there(p, next, anew)))));
  }

  private async alone(): Promise<Step> {
    const asked = await this.api.aloneQuestion();
    return this.api.aloneAnswer(asked.for, await get(asked.publicKey));
  }

  private async prove(): Promise<Step> {
    const { publicKey } = await this.api.question();
    return this.api.answer(await get(publicKey));
  }

  private newPassword(): readonly [Field, Field] {
    return [
      field(WORDS.password.fresh, { type: 'password', autocomplete: 'new-password', hint: WORDS.password.hint }),
      field(WORDS.password.again, { type: 'password', autocomplete: 'new-password' }),
    ];
  }

  private same(fresh: Field, again: Field): boolean {
    if (fresh.input.value === again.input.value) return true;
    again.wrong(WORDS.password.differs);
    return false;
  }

  private showInvited(): void {
    const code = field(WORDS.invited.code, { autocomplete: 'off', hint: WORDS.invited.codeHint, code: 'text' });
    const [fresh, again] = this.newPassword();
    this.step(WORDS.invited.title,
      el('p', {}, WORDS.invited.help),
      form(WORDS.start.go, () => {
        if (filled(code, fresh, again) && this.same(fresh, again))
          this.run(async () => this.go(await this.api.accept(code.input.value.trim(), fresh.input.value)));
      }, code.box, fresh.box, again.box, reveal(fresh, again)),
      el('p', {}, button(WORDS.invited.back, () => this.showStart(), 'plain')));
  }

  private showFactor(kind?: Factor): void {
    const has = this.factors.filter((f) => f !== 'passkey' || available());
    const use = kind ?? (['passkey', 'totp', 'recovery'] as const).find((f) => has.includes(f));
    const instead = { passkey: WORDS.factor.passkeyInstead, totp: WORDS.factor.totpInstead, recovery: WORDS.factor.recoveryInstead };
    this.step(WORDS.factor.title,
      use === undefined && el('p', {}, WORDS.factor.none),
      use === 'passkey' && el('p', {}, WORDS.factor.passkeyHelp),
      use === 'passkey' && el('p', { class: 'buttons' },
        button(WORDS.factor.passkey, () => this.run(async () => this.go(await this.prove())), 'main')),
      use !== undefined && use !== 'passkey' && this.codeForm(use),
      ...has.filter((f) => f !== use).map((f) => el('p', {}, button(instead[f], () => this.showFactor(f), 'plain'))),
      this.notMe());
  }

  private codeField(use: 'totp' | 'recovery'): Field {
    return use === 'totp'
      ? field(WORDS.factor.totp, { autocomplete: 'one-time-code', hint: WORDS.factor.totpHint, code: 'digits' })
      : field(WORDS.factor.recovery, { autocomplete: 'off', hint: WORDS.factor.recoveryHint, code: 'text' });
  }

  private codeForm(use: 'totp' | 'recovery'): HTMLElement {
    const code = this.codeField(use);
    return form(WORDS.factor.go, () => {
      if (filled(code))
        this.run(async () => this.go(await this.api.code(code.input.value.replace(/\s/g, ''), use)));
    }, code.box);
  }

  private showLocked(): void {
    this.showRenew({ ...WORDS.locked, back: false });
  }

  /** Both factors anew: a passkey that knows its user, or password and code. */
  private showRenew(why: { readonly title: string; readonly help: string; readonly back: boolean }, kind?: 'totp' | 'recovery'): void {
    const use = kind ?? (this.factors.includes('totp') ? 'totp' : 'recovery');
    const other = use === 'totp' ? 'recovery' : 'totp';
    const password = field(WORDS.start.password, { type: 'password', autocomplete: 'current-password' });
    const code = this.codeField(use);
    const passkey = available() && this.factors.includes('passkey');
    this.step(why.title,
      el('p', {}, why.help),
      passkey && el('p', { class: 'buttons' },
        button(WORDS.factor.passkey, () => this.run(async () => this.go(await this.prove())), 'main')),
      passkey && el('p', { class: 'or' }, WORDS.start.or),
      form(WORDS.factor.go, () => {
        if (filled(password, code))
          this.run(async () => this.go(await this.api.renew(password.input.value, code.input.value.replace(/\s/g, ''), use)));
      }, password.box, code.box),
      this.factors.includes(other) && el('p', {}, button(
        other === 'totp' ? WORDS.factor.totpInstead : WORDS.factor.recoveryInstead, () => this.showRenew(why, other), 'plain')),
      ...this.elsewhere(true),
      why.back && el('p', {}, button(WORDS.app.leave, () => this.later(async () => this.reload()), 'plain')),
      el('p', {}, button(WORDS.open.out, () => this.run(async () => this.leave(WORDS.out)), 'plain')));
  }

  /** Away from a sign-in that was begun. */
  private notMe(): HTMLElement {
    return el('p', {}, button(WORDS.factor.other, () => this.run(async () => this.leave('')), 'plain'));
  }

  private showEnrol(): void {
    this.step(WORDS.enrol.title,
      el('p', {}, WORDS.enrol.help),
      el('h3', {}, WORDS.enrol.passkey),
      el('p', {}, available() ? WORDS.enrol.passkeyHelp : WORDS.enrol.noPasskey),
      available() && el('p', { class: 'buttons' },
        button(WORDS.enrol.passkeyGo, () => this.run(async () => this.go(await this.addPasskey())), 'main')),
      el('h3', {}, WORDS.enrol.totp),
      el('p', {}, WORDS.enrol.totpHelp),
      el('p', { class: 'buttons' }, button(WORDS.enrol.totpGo, () => this.run(async () => this.showApp(true)))),
      this.notMe());
  }

  private async addPasskey(): Promise<Step> {
    const { publicKey } = await this.api.offerPasskey();
    return this.api.enrolPasskey(await create(publicKey));
  }

  /** `first`: where one is wanted; else one more. */
  private async showApp(first: boolean): Promise<void> {
    const { secret, uri } = await this.api.offerApp(first);
    const code = field(WORDS.app.code, { autocomplete: 'one-time-code', code: 'digits' });
    this.step(WORDS.app.title,
      el('p', {}, WORDS.app.scan),
      picture(encodeQR(uri, 'raw', { ecc: 'medium', border: 4 }), WORDS.app.picture),
      el('p', {}, WORDS.app.type),
      el('p', {}, el('code', { class: 'key' }, secret.replace(/(.{4})(?=.)/g, '$1 '))),
      el('p', {}, el('a', { href: uri }, WORDS.app.open)),
      form(WORDS.app.go, () => {
        if (filled(code)) this.run(async () => this.addApp(first, code.input.value.replace(/\s/g, '')));
      }, code.box),
      el('p', {}, button(WORDS.app.back, () => (first ? this.showEnrol() : this.later(async () => this.reload())), 'plain')));
  }

  private async addApp(first: boolean, code: string): Promise<void> {
    const step = await this.api.enrolApp(first, code);
    if (first) this.go(step);
    else await this.again(WORDS.open.added);
  }

  private showCodes(codes: readonly string[], then: () => void): void {
    const box = el('input', { type: 'checkbox' });
    const first = el('p', { class: 'error', role: 'alert' });
    this.step(WORDS.codes.title,
      el('p', {}, WORDS.codes.help),
      el('ul', { class: 'codes mono' }, ...codes.map((code) => el('li', {}, code))),
      el('p', { class: 'buttons unprinted' },
        button(WORDS.codes.print, () => print()),
        button(WORDS.codes.copy, () => void navigator.clipboard.writeText(codes.join('\n'))
          .then(() => this.say('said', WORDS.codes.copied)))),
      el('label', { class: 'check unprinted' }, box, WORDS.codes.kept),
      first,
      el('p', { class: 'buttons unprinted' }, button(WORDS.codes.go, () => {
        first.textContent = box.checked ? '' : WORDS.codes.first;
        if (!box.checked) return box.focus();
        then();
      }, 'main')));
  }

  /** `open`: of one's own will. */
  private showChange(open = false): void {
    const old = field(WORDS.password.old, { type: 'password', autocomplete: 'current-password' });
    const [fresh, again] = this.newPassword();
    this.step(WORDS.password.changeTitle,
      !open && el('p', {}, WORDS.password.changeHelp),
      form(WORDS.password.change, () => {
        if (filled(old, fresh, again) && this.same(fresh, again))
          this.privileged(async () => this.change(open, old.input.value, fresh.input.value));
      }, old.box, fresh.box, again.box, reveal(old, fresh, again)),
      open ? el('p', {}, button(WORDS.app.leave, () => this.later(async () => this.reload()), 'plain')) : this.notMe());
  }

  private async change(open: boolean, old: string, fresh: string): Promise<void> {
    if (!open) return this.go(await this.api.change(old, fresh));
    await this.api.changeOpen(old, fresh);
    await this.again(WORDS.password.changed);
  }

  // --- signed in ---

  private showOpen(me: Me): void {
    this.later(async () => {
      const [sessions, credentials] = await Promise.all([this.api.sessions(), this.api.credentials()]);
      this.step(WORDS.open.title,
        this.next && el('p', {}, el('a', { href: this.next, class: 'next' }, WORDS.open.next)),
        facts([
          [WORDS.open.name, me.name], [WORDS.open.login, me.login], [WORDS.open.role, me.role],
          [WORDS.open.method, methods(me.session.method)], [WORDS.open.ends, when(me.session.expires_at)],
        ]),
        el('p', { class: 'buttons' }, button(WORDS.open.out, () => this.run(async () => this.leave(WORDS.out)), 'main')),
        el('h3', {}, WORDS.open.sessions),
        el('ul', { class: 'list' }, ...sessions.map((s) => this.session(s))),
        el('h3', {}, WORDS.open.factors),
        el('ul', { class: 'list' }, ...credentials.map((c) => this.credential(c))),
        el('p', { class: 'buttons' },
          available() && button(WORDS.open.addPasskey, () => this.privileged(async () => {
            await this.addPasskey();
            await this.again(WORDS.open.added);
          })),
          button(WORDS.open.addApp, () => this.privileged(async () => this.showApp(false))),
          button(WORDS.open.newCodes, () => this.privileged(async () =>
            this.showCodes(await this.api.newCodes(), () => this.later(async () => this.reload())))),
          button(WORDS.open.password, () => this.showChange(true))));
    });
  }

  private session(s: Session): HTMLElement {
    const what = browser(s.agent) || s.address;
    return el('li', {},
      el('div', {},
        el('p', {}, s.current ? `${WORDS.open.here} · ` : '', what),
        el('p', { class: 'quiet' }, `${s.address} · ${WORDS.open.since} ${when(s.created_at)}`)),
      !s.current && button(WORDS.open.end, () => this.run(async () => {
        await this.api.end(s.id);
        await this.again(WORDS.open.ended);
      }), 'usual', what));
  }

  private credential(c: Credential): HTMLElement {
    const name = c.label === c.kind ? WORDS.kinds[c.kind] : `${WORDS.kinds[c.kind]}: ${c.label}`;
    return el('li', {},
      el('div', {},
        el('p', {}, name),
        el('p', { class: 'quiet' }, c.disabled_at ? WORDS.open.disabled : `${WORDS.open.used} ${when(c.used_at)}`)),
      button(WORDS.open.remove, () => this.privileged(async () => {
        await this.api.remove(c.id);
        await this.again(WORDS.open.removed);
      }), 'usual', name));
  }

  private async again(said: string): Promise<void> {
    this.after = said;
    await this.reload();
  }

  /** What asks for a fresh proof: it is asked for when it has grown old. */
  private privileged(work: () => Promise<void>): void {
    this.run(async () => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof Problem) || !STALE.has(error.reason)) throw error;
        this.staying = true;
        this.wanted = work;
        this.showRenew({ ...WORDS.renew, back: true });
      }
    });
  }

  private async leave(said: string): Promise<void> {
    await this.api.leave();
    this.agreed = false;
    this.staying = false;
    this.wanted = undefined;
    this.after = said;
    this.showNotice();
  }
}

function textOf(error: unknown): string {
  if (error instanceof NoPasskey) return NO_PASSKEY[error.kind];
  return problemText(error instanceof Problem ? error : new Problem(500, '', ''));
}

function facts(rows: readonly (readonly [string, string])[]): HTMLElement {
  return el('dl', { class: 'facts' }, ...rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

// The page stands at /signin/{agency}; the agency's word is its path's last.
new Page(decodeURIComponent(location.pathname.split('/')[2] ?? '')).open();
