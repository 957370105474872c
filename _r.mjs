import * as ort from 'onnxruntime-node'; import {writeFileSync} from 'node:fs';
const shape=process.argv[3].split(',').map(Number); const x=Float32Array.from({length:shape.reduce((a,b)=>a*b)},(_, i)=>((i*7919)%1000)/1000);
const s=await ort.InferenceSession.create(process.argv[2]); const r=await s.run({image:new ort.Tensor('float32',x,shape)}); writeFileSync('/tmp/nas/x.bin',Buffer.from(x.buffer)); writeFileSync('/tmp/nas/y.bin',Buffer.from(r.logits.data.buffer));
