// What the user dropped or chose, as something to check.
import type { FolderFile } from './folder.ts';
import type { Given } from './source.ts';

/** Said to the user as it is. */
export class NotGiven extends Error {}

const ONE = 'Choose one thing: the package’s archive (.zip or .tar), or its unpacked folder.';
const FOLDER = 'This browser does not let this page read a dropped folder. Use the button “Choose a folder” instead.';

export function fromFiles(files: readonly File[]): Given {
  const [file] = files;
  if (!file || files.length > 1) throw new NotGiven(ONE);
  return { name: file.name, archive: file };
}

/** From an <input webkitdirectory>: paths begin with the folder's own name. */
export function fromFolderInput(files: readonly File[]): Given {
  const [first] = files;
  if (!first) throw new NotGiven('The folder is empty.');
  const name = first.webkitRelativePath.split('/')[0] ?? '';
  return { name, files: files.map((file) =>
    ({ path: file.webkitRelativePath.slice(name.length + 1), file })) };
}

// --- dropped ---

/** The parts of the File System Access API that are used, where there is one. */
interface Handle {
  readonly kind: 'file' | 'directory';
  readonly name: string;
  getFile?(): Promise<File>;
  entries?(): AsyncIterable<[string, Handle]>;
}

interface Item extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<Handle | null>;
}

/** One dropped thing, seen in every way that the browser has. */
interface Seen {
  readonly file: File | null;
  readonly entry: FileSystemEntry | null;
  readonly handle: Promise<Handle | null>;
}

/** All of it is gone once the event is over. */
export function seen(transfer: DataTransfer): Seen[] {
  return [...transfer.items].filter((item) => item.kind === 'file').map((item: Item) => ({
    file: item.getAsFile(),
    entry: item.webkitGetAsEntry?.() ?? null,
    handle: item.getAsFileSystemHandle?.().catch(() => null) ?? Promise.resolve(null),
  }));
}

async function ofHandle(folder: Handle, below: string, out: FolderFile[]): Promise<void> {
  for await (const [name, child] of folder.entries!())
    if (child.kind === 'directory') await ofHandle(child, `${below}${name}/`, out);
    else out.push({ path: below + name, file: await child.getFile!() });
}

function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // They come in batches; an empty one is the last.
  return new Promise((good, bad) => {
    const more = () => reader.readEntries((some) => {
      if (some.length === 0) return good(all);
      all.push(...some);
      more();
    }, bad);
    more();
  });
}

async function ofEntry(folder: FileSystemDirectoryEntry, below: string, out: FolderFile[]): Promise<void> {
  for (const child of await children(folder))
    if (child.isDirectory) await ofEntry(child as FileSystemDirectoryEntry, `${below}${child.name}/`, out);
    else {
      const file = await new Promise<File>((good, bad) => (child as FileSystemFileEntry).file(good, bad));
      out.push({ path: below + child.name, file });
    }
}

async function filesOf(thing: Seen): Promise<FolderFile[]> {
  const handle = await thing.handle;
  const files: FolderFile[] = [];
  try {
    if (handle?.kind === 'directory') await ofHandle(handle, '', files);
    else await ofEntry(thing.entry as FileSystemDirectoryEntry, '', files);
  } catch {
    throw new NotGiven(FOLDER);
  }
  return files;
}

export async function fromDrop(things: readonly Seen[]): Promise<Given> {
  const [thing] = things;
  if (!thing || things.length > 1) throw new NotGiven(ONE);
  const handle = await thing.handle;
  if (!thing.entry?.isDirectory && handle?.kind !== 'directory') return fromFiles(thing.file ? [thing.file] : []);
  const files = await filesOf(thing);
  if (files.length === 0) throw new NotGiven('The folder is empty.');
  return { name: handle?.name ?? thing.entry?.name ?? '', files };
}
