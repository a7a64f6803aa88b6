// Where the checking is done: in a worker, so that the page stays alive; the
// page itself does it in slices where the browser gives none.  The worker runs
// the page's own script (one copy, one hash in the CSP) and is told what to be
// by its first message.
//
//   to the worker    { given, script }   check this; the script for more workers
//   from it          { ready }, then { progress }, at last { report } or { failed }
import type { Report } from './report.ts';
import { sumAll } from './hashing.ts';
import { Pool, work, type Hand, type Task } from './pool.ts';
import { check, sizeOf, type Given, type Means } from './source.ts';

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface Order {
  readonly given: Given;
  readonly script: string;
}

export type Answer =
  | { readonly ready: true }
  | { readonly progress: Progress }
  | { readonly report: Report }
  | { readonly failed: string };

const PROGRESS_MS = 100;
const TURN_MS = 30;
const HANDS_MAX = 6;

export class Cancelled extends Error {}

/** A blob's URL is good only where it was made: in a page from a file, a worker
 * may not load what the page made. */
const urlOf = (script: string) => URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));

const words = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** How far it is, told now and then. */
function teller(total: number, every: number, tell: (progress: Progress) => void): (bytes: number) => boolean {
  let done = 0;
  let told = performance.now();
  return (bytes) => {
    done += bytes;
    if (performance.now() - told < every) return false;
    told = performance.now();
    tell({ done: Math.min(done, total), total });
    return true;
  };
}

// --- in a worker ---

interface WorkerScope {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<Order | Task>) => void) | null;
}

async function obey(order: Order, scope: WorkerScope): Promise<void> {
  const tell = (answer: Answer) => scope.postMessage(answer);
  const hands = Math.min(HANDS_MAX, Math.max(2, navigator.hardwareConcurrency || 2));
  const url = urlOf(order.script);
  const pool = await Pool.open(() => new Worker(url) as unknown as Hand, hands);
  const told = teller(sizeOf(order.given), PROGRESS_MS, (progress) => tell({ progress }));
  const means: Means = {
    sum: pool?.sum ?? sumAll,
    lanes: pool ? Math.ceil(hands / 2) : 1,
    tick: (bytes) => void told(bytes),
  };
  try {
    tell({ report: await check(order.given, means) });
  } catch (error) {
    tell({ failed: words(error) });
  }
  pool?.close();
}

/** Be a worker. */
export function serve(scope: WorkerScope): void {
  scope.onmessage = ({ data }) => {
    if ('given' in data) void obey(data, scope);
    else void work(data, (told) => scope.postMessage(told));
  };
  scope.postMessage({ ready: true });
}

// --- in the page ---

export interface Run {
  readonly report: Promise<Report>;
  cancel(): void;
}

/** Without a worker: in slices, letting the page have its turn between them. */
function checkHere(given: Given, tell: (progress: Progress) => void): Run {
  let cancelled = false;
  const told = teller(sizeOf(given), TURN_MS, tell);
  const tick = async (bytes: number) => {
    if (cancelled) throw new Cancelled();
    if (told(bytes)) await new Promise((turn) => setTimeout(turn));
  };
  return {
    report: check(given, { sum: sumAll, lanes: 1, tick }),
    cancel: () => {
      cancelled = true;
    },
  };
}

/** undefined where the browser gives no worker, whether it says so or not. */
function openWorker(script: string): Promise<Worker | undefined> {
  return new Promise((done) => {
    try {
      const worker = new Worker(urlOf(script));
      worker.onmessage = () => done(worker);
      worker.onerror = () => done(undefined);
    } catch {
      done(undefined);
    }
  });
}

function askWorker(worker: Worker, order: Order, tell: (progress: Progress) => void): Promise<Report> {
  return new Promise((good, bad) => {
    worker.onerror = (event) => bad(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ('progress' in data) tell(data.progress);
      else if ('report' in data) good(data.report);
      else if ('failed' in data) bad(new Error(data.failed));
    };
    worker.postMessage(order);
  });
}

/** Check what was given; `script` is the page's own. */
export function start(given: Given, script: string, tell: (progress: Progress) => void): Run {
  let stop = () => {};
  const cancelled = new Promise<never>((_, bad) => {
    stop = () => bad(new Cancelled());
  });
  const run = async () => {
    const worker = await openWorker(script);
    if (!worker) {
      const here = checkHere(given, tell);
      cancelled.catch(() => here.cancel());
      return here.report;
    }
    cancelled.catch(() => worker.terminate());
    try {
      return await askWorker(worker, { given, script }, tell);
    } finally {
      worker.terminate();
    }
  };
  return { report: Promise.race([run(), cancelled]), cancel: () => stop() };
}
