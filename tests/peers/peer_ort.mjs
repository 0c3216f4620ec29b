#!/usr/bin/env node
// ONNX Runtime on the CPU as a peer of `viewsmith bench encode|generate`: the networks of nets.py, exported by PyTorch.
//
// It lies outside the source tree: `npm install --ignore-scripts --prefix ~/.cache/viewsmith/peers onnxruntime-node@1.30.0`;
// VIEWSMITH_PEERS names another folder. Exported networks are kept there too.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { parseArgs } from 'node:util';

const say = (line) => fs.writeSync(1, JSON.stringify(line) + '\n');
const leave = (line) => { say(line); process.exit(0); };

const text = { type: 'string' };
const { values: a, positionals: [kind] } = parseArgs({
  allowPositionals: true,
  options: { net: text, batch: text, threads: text, turn: text, graph: text, model: text },
});
const here = import.meta.dirname;
const folder = process.env.VIEWSMITH_PEERS ||
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'viewsmith', 'peers');

let ort;
try {
  ort = createRequire(folder + '/')('onnxruntime-node');
} catch {
  leave({ missing: 'onnxruntime-node' });
}
if (!['encode', 'generate'].includes(kind)) leave({ error: `ONNX Runtime has no part in bench ${kind}` });

// The network as ONNX; kept while it is younger than what it is made by. A drawn network is made anew.
function exported() {
  const to = path.join(folder, a.graph ? `drawn-${process.pid}.onnx` : `${a.net}.onnx`);
  const made = (file) => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = ['nets.py', 'export_onnx.py'].map((name) => made(path.join(here, name)));
  if (a.graph || made(to) <= Math.max(...sources)) {
    const given = [path.join(here, 'export_onnx.py'), a.net, to].concat(a.graph ?? []);
    const run = spawnSync('/usr/bin/python3', given, { encoding: 'utf8' });
    if (run.status) leave(/^python3-torch/m.test(run.stderr ?? 'python3-torch') ? { missing: 'python3-torch' } :
      { error: 'the network could not be exported: ' + (run.stderr ?? '').trim().split('\n').pop() });
  }
  return to;
}

async function timed(work, seconds) {
  const start = performance.now();
  for (let times = 1; ; times++) {
    await work();
    const spent = (performance.now() - start) / 1000;
    if (spent >= seconds) return spent / times;
  }
}

// The variant that is fastest on this machine, by turns after a warm-up of each: a peer may show its best side.
async function fastest(variants) {
  const took = variants.map(() => Infinity);
  for (const work of variants) await work();
  for (let round = 0; round < 3; round++)
    for (const [i, work] of variants.entries()) took[i] = Math.min(took[i], await timed(work, 0.1));
  return variants[took.indexOf(Math.min(...took))];
}

// Numbers in [-1, 1) for an input of floats, zeros for one of whole numbers.
function random({ type, shape }) {
  const size = [+a.batch, ...shape.slice(1)], count = size.reduce((x, y) => x * y, 1);
  if (type === 'int64') return new ort.Tensor(type, new BigInt64Array(count), size);
  return new ort.Tensor('float32', new Float32Array(count).map(() => 2 * Math.random() - 1), size);
}

async function open() {
  const file = a.model ?? exported();
  const session = await ort.InferenceSession.create(file, {
    executionProviders: ['cpu'], intraOpNumThreads: +a.threads, interOpNumThreads: 1, executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  if (a.graph) fs.unlinkSync(file);
  const feeds = Object.fromEntries(session.inputMetadata.map((input) => [input.name, random(input)]));
  const out = session.outputNames[0];
  const y = (await session.run(feeds))[out]; // results in the same place each time, or in new memory
  return fastest([() => session.run(feeds), () => session.run(feeds, { [out]: y })]);
}

const work = await open().catch((e) => leave({ error: String(e.message) }));
const version = createRequire(folder + '/')('onnxruntime-node/package.json').version;
say({ name: `ONNX Runtime ${version}` });
for await (const line of readline.createInterface({ input: process.stdin })) {
  if (line.trim() === 'turn') say({ seconds: [await timed(work, +a.turn)] });
  else say({ error: 'the only command is "turn"' });
}
process.exit(0);
