// Fields and buttons: each with its label, each told when it is wrong.
import { el, type Child } from '../../lib/dom.ts';
import { WORDS } from './words.ts';

let count = 0;

export interface Field {
  readonly box: HTMLElement;
  readonly input: HTMLInputElement;
  /** Say what is wrong with it ('' for nothing), and go there. */
  wrong(text: string): void;
}

export interface FieldOptions {
  readonly hint?: string;
  readonly type?: 'text' | 'password';
  readonly autocomplete: string;
  readonly code?: 'digits' | 'text';
}

export function field(label: string, options: FieldOptions): Field {
  const id = `f${++count}`;
  const hint = options.hint ? el('p', { class: 'hint', id: `${id}-hint` }, options.hint) : undefined;
  const error = el('p', { class: 'error', id: `${id}-error`, role: 'alert' });
  error.hidden = true;
  const input = el('input', {
    id,
    type: options.type ?? 'text',
    autocomplete: options.autocomplete,
    autocapitalize: 'none',
    spellcheck: 'false',
    'aria-describedby': `${hint ? `${id}-hint ` : ''}${id}-error`,
    ...(options.code ? { class: 'code' } : {}),
    ...(options.code === 'digits' ? { inputmode: 'numeric' } : {}),
  });
  return {
    box: el('div', { class: 'field' }, el('label', { for: id }, label), hint, input, error),
    input,
    wrong(text: string) {
      error.textContent = text;
      error.hidden = text === '';
      input.setAttribute('aria-invalid', String(text !== ''));
      if (text) input.focus();
    },
  };
}

/** A box that shows what is typed into these. */
export function reveal(...fields: readonly Field[]): HTMLElement {
  const box = el('input', { type: 'checkbox' });
  box.addEventListener('change', () => {
    for (const { input } of fields) input.type = box.checked ? 'text' : 'password';
  });
  return el('label', { class: 'check' }, box, WORDS.start.show);
}

export type Kind = 'main' | 'usual' | 'plain';

export function button(label: string, act: () => void, kind: Kind = 'usual', about?: string): HTMLButtonElement {
  const made = el('button', { type: 'button', ...(kind === 'usual' ? {} : { class: kind }) }, label);
  if (about) made.setAttribute('aria-label', `${label}: ${about}`);
  made.addEventListener('click', act);
  return made;
}

/** Enter in a field is its main button. */
export function form(submit: string, act: () => void, ...children: readonly Child[]): HTMLFormElement {
  const made = el('form', { novalidate: '', autocomplete: 'on' }, ...children,
    el('p', { class: 'buttons' }, el('button', { type: 'submit', class: 'main' }, submit)));
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
  return made;
}

/** All filled in?  Says so of the first that is not. */
export function filled(...fields: readonly Field[]): boolean {
  for (const f of fields) f.wrong('');
  const empty = fields.find(({ input }) => input.value === '');
  empty?.wrong(WORDS.password.empty);
  return !empty;
}
