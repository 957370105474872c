import {readFileSync} from 'node:fs';
import {deserialize} from './dist/onnx/serde.js';
import {printGraph} from './dist/onnx/print.js';
console.log(printGraph(deserialize(readFileSync(process.argv[2])).graph));
