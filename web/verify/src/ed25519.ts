// Ed25519 (RFC 8032): the browser's own where it has one, else @noble/curves.
import { ed25519 } from '@noble/curves/ed25519';

async function checkNatively(key: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean | undefined> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return undefined;
  try {
    const copy = (bytes: Uint8Array) => new Uint8Array(bytes);
    const imported = await subtle.importKey('raw', copy(key), { name: 'Ed25519' }, false, ['verify']);
    return await subtle.verify({ name: 'Ed25519' }, imported, copy(signature), copy(text));
  } catch {
    return undefined; // the browser does not know it
  }
}

function checkHere(key: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, text, key, { zip215: false });
  } catch {
    return false; // no key, or no signature
  }
}

export async function signatureOk(key: Uint8Array, text: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return (await checkNatively(key, text, signature)) ?? checkHere(key, text, signature);
}
