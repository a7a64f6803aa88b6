import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lie } from '../src/finding.ts';
import { bagFolder, walkFolder, type FolderFile } from '../src/folder.ts';

const of = (...paths: string[]): FolderFile[] => paths.map((path) => ({ path, file: new Blob([path]) }));
const paths = (files: readonly FolderFile[]) => files.map((f) => f.path);

test('the bag is the folder, or the one folder in it', () => {
  assert.deepEqual(paths(bagFolder(of('bagit.txt', 'data/a'))), ['bagit.txt', 'data/a']);
  assert.deepEqual(paths(bagFolder(of('x/data/a', 'x/bagit.txt'))), ['data/a', 'bagit.txt']);
  for (const other of [of('x/bagit.txt', 'y/z'), of('x/bagit.txt', 'y'), of('x/a'), of(), of('x/y/bagit.txt')])
    assert.deepEqual(paths(bagFolder(other)), paths(other));
});

async function walk(files: readonly FolderFile[]): Promise<[string[], Lie[]]> {
  const lies: Lie[] = [];
  const seen: string[] = [];
  for await (const member of walkFolder(files)((lie) => lies.push(lie))) seen.push(member.path);
  return [seen, lies];
}

test('names that are none are refused, the others read', async () => {
  const [seen, lies] = await walk(of('bagit.txt', 'a\\b', 'data/../x', 'z'));
  assert.deepEqual(seen, ['bagit.txt', 'z']);
  assert.deepEqual(lies.map((lie) => lie.code), ['path-illegal', 'path-illegal']);
});

test('folders within folders, up to a maximum', async () => {
  const deep = (n: number) => `${'d/'.repeat(n)}f`;
  assert.deepEqual((await walk(of('bagit.txt', deep(15))))[1], []);
  assert.deepEqual((await walk(of('bagit.txt', deep(16))))[1].map((lie) => [lie.code, lie.kind]), [['archive-large', 'limit']]);
});

test('the bytes are those of the file', async () => {
  for await (const member of walkFolder(of('a'))(() => {}))
    for await (const chunk of member.chunks()) assert.equal(Buffer.from(chunk).toString(), 'a');
});
