#!/usr/bin/env node
// Runs ONNX models by ONNX Runtime, for tests/ref/make_onnx.py: reads a JSON list of {model, inputs: {name: {shape, type, data}}} and
// answers each with {shape, data} of its first output. Where onnxruntime-node lies: see tests/peers/peer_ort.mjs.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const folder = process.env.VIEWSMITH_PEERS ||
  path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'viewsmith', 'peers');
const ort = createRequire(folder + '/')('onnxruntime-node');
const answers = [];
for (const { model, inputs } of JSON.parse(fs.readFileSync(0, 'utf8'))) {
  try {
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const feeds = {};
    for (const [name, { shape, type, data }] of Object.entries(inputs)) {
      const values = type === 'int64' ? BigInt64Array.from(data.map(BigInt)) : Float32Array.from(data);
      feeds[name] = new ort.Tensor(type, values, shape);
    }
    const y = (await session.run(feeds))[session.outputNames[0]];
    answers.push({ shape: y.dims, data: Array.from(y.data, Number) });
  } catch (e) {
    answers.push({ error: String(e.message) });
  }
}
process.stdout.write(JSON.stringify(answers));
