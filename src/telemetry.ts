/**
 * onnxruntime's own builds send what they run (operators, devices, errors, a number for the machine that is kept in
 * ~/.cache) to Microsoft, on Linux and macOS since 1.30, unless this variable says no when the first session is made. It
 * is read from the environment of the process, which no worker thread can change. Who wants to send has it set to 0.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
