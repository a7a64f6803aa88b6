// Paths inside a bag (src/bag/path.h): 1 to 500 bytes of UTF-8 without control
// characters and backslashes, in components parted by '/', none of them empty,
// "." or "..".  So whatever unpacks a bag puts all of it below one folder.
import { fromUtf8, utf8 } from './bytes.ts';

export const PATH_MAX = 500;

export function pathOk(path: string): boolean {
  if (path.length === 0 || path.length > PATH_MAX || utf8(path).length > PATH_MAX) return false;
  if (/[\u0000-\u001f\u007f\\]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

export function isPayload(path: string): boolean {
  return path.startsWith('data/');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '%25': '%', '%0A': '\n', '%0a': '\n', '%0D': '\r', '%0d': '\r',
};

/** A path as manifests have it (RFC 8493 2.1.3); undefined when it is none. */
export function unescapePath(bytes: Uint8Array): string | undefined {
  const text = fromUtf8(bytes);
  if (text === undefined || /%(?!25|0[AaDd])/.test(text)) return undefined;
  const path = text.replace(/%../g, (code) => ESCAPES[code] ?? code);
  return pathOk(path) ? path : undefined;
}

/** A file name as it may stand in a path. */
export function pathName(name: string): string {
  return name.replace(/\\/g, '_');
}

/** Where a lie was found: printable, as `sallyport verify` shows it. */
export function place(path: string): string {
  return path.replace(/[\u0000-\u001f\u007f]/g, '?').slice(0, PATH_MAX + 11);
}
