/**
 * onnxruntime's own builds report what they run (models, devices, errors, by a number for the machine that they keep in
 * ~/.cache) to Microsoft, 1.30 also on Linux and macOS, unless this variable says no when the first session is made. It is
 * read from the environment of the process, which no worker thread can change. Who wants to report has it set to 0.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
