import { startNas } from './serve/servers.ts';
import { writeModels } from './serve/models.ts';
import { residentMegabytes } from './soak/watch.ts';
import { inProcess } from './serve/child.ts';
import { samplesOf, nasMessages, wireOf } from './serve/bodies.ts';
const { models: [model], remove } = writeModels(['fashion-mnist']);
const s = await startNas(model!.folder, ['--instances', '2', '--threads', '1']);
const heap = async () => { const t = await (await fetch(s.url + '/metrics')).text(); const g = (n: string) => Math.round(Number(new RegExp(`^${n} (.*)$`, 'm').exec(t)?.[1] ?? NaN) / 1e6); return `heap ${g('nodejs_heap_size_used_bytes')}/${g('nodejs_heap_size_total_bytes')} external ${g('nodejs_external_memory_bytes')}`; };
const log = async (w: string) => console.log(w, residentMegabytes(s.pid).toFixed(0), 'MB', await heap());
await log('start');
for (let i = 1; i <= 40; i++) { const r = await fetch(`${s.url}/v2/repository/models/fashion-mnist/load`, { method: 'POST', body: '{}' }); if (!r.ok) console.log(await r.text()); if (i % 8 === 0) await log(`reload ${i}`); }
const samples = await samplesOf(model!.shape, 16);
for (const kind of ['binary', 'png', 'json'] as const) {
  const requests = samples.map((x) => wireOf(nasMessages[kind](x, model!.shape, model!.name)).toString('base64'));
  for (let i = 0; i < 4; i++) { const r: any = await inProcess('load-process.ts', { port: s.port, connections: 16, seconds: 8, warmup: 0, requests }); await log(`${kind} ${r.answers}`); }
}
await s.stop(); remove();
