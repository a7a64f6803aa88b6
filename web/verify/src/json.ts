// Canonical JSON (RFC 8785) as entries have it: names sorted, no spaces, whole
// numbers only, each character in its one spelling.  Whatever is not that is
// refused, so that an entry shows the same to every reader.
import { compareUtf8, fromUtf8 } from './bytes.ts';

export type Value = null | boolean | bigint | string | readonly Value[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Value;
}

const DEPTH_MAX = 100;
const INT64 = 2n ** 63n;

class NotCanonical extends Error {}
class NotJson extends Error {}

/** Escapes that have no shorter spelling. */
const ESCAPE = /^\\(?:["\\bfnrt]|u00(?:0[0-7be]|0f|1[0-9a-f]))/;

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  all(): Value {
    const value = this.value(0);
    if (this.at !== this.text.length) throw new NotCanonical();
    return value;
  }

  private take(literal: string): boolean {
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }

  private need(literal: string): void {
    if (!this.take(literal)) throw new NotCanonical();
  }

  private value(depth: number): Value {
    if (depth > DEPTH_MAX) throw new NotJson();
    if (this.take('null')) return null;
    if (this.take('true')) return true;
    if (this.take('false')) return false;
    if (this.text[this.at] === '"') return this.string();
    if (this.take('[')) return this.list(depth);
    if (this.take('{')) return this.object(depth);
    return this.number();
  }

  private list(depth: number): Value[] {
    const list: Value[] = [];
    if (this.take(']')) return list;
    do list.push(this.value(depth + 1)); while (this.take(','));
    this.need(']');
    return list;
  }

  private object(depth: number): JsonObject {
    const object: Record<string, Value> = Object.create(null) as Record<string, Value>;
    let before: string | undefined;
    if (this.take('}')) return object;
    do {
      const name = this.string();
      if (name in object) throw new NotJson(); // a name twice
      if (before !== undefined && compareUtf8(before, name) > 0) throw new NotCanonical();
      this.need(':');
      object[name] = this.value(depth + 1);
      before = name;
    } while (this.take(','));
    this.need('}');
    return object;
  }

  private number(): bigint {
    const digits = /^(?:0|-?[1-9][0-9]*)(?![0-9.eE])/.exec(this.text.slice(this.at, this.at + 32))?.[0];
    if (digits === undefined) throw new NotCanonical();
    const value = BigInt(digits);
    if (value >= INT64 || value < -INT64) throw new NotJson();
    this.at += digits.length;
    return value;
  }

  private string(): string {
    this.need('"');
    const from = this.at;
    while (this.at < this.text.length && this.text[this.at] !== '"') {
      if (this.text[this.at] === '\\') this.escape();
      else if (this.text.charCodeAt(this.at) < 0x20) throw new NotJson();
      else this.at++;
    }
    const raw = this.text.slice(from, this.at);
    this.need('"');
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
  }

  private escape(): void {
    const found = ESCAPE.exec(this.text.slice(this.at, this.at + 6))?.[0];
    if (found === undefined) throw new NotCanonical();
    this.at += found.length;
  }
}

/** 'malformed': no JSON object at all; 'spelling': one, but not canonical. */
export function parseCanonical(bytes: Uint8Array): JsonObject | 'malformed' | 'spelling' {
  const text = fromUtf8(bytes);
  if (text === undefined) return 'malformed';
  try {
    const value = new Parser(text).all();
    return isObject(value) ? value : 'malformed';
  } catch (error) {
    if (error instanceof NotCanonical) return isJsonObject(text) ? 'spelling' : 'malformed';
    return 'malformed';
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

export function isObject(value: Value | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textIn(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberIn(object: JsonObject | undefined, name: string): bigint | undefined {
  const value = object?.[name];
  return typeof value === 'bigint' ? value : undefined;
}

export function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.[name];
  return isObject(value) ? value : undefined;
}
