import { defineCommand } from '../command.ts';

export const doctorCommand = defineCommand({
  name: 'doctor',
  describe: 'what this machine can compute on, what is missing, and the commands that mend it',
  options: [],
  defaults: {},
  examples: [
    ['doctor', 'for people'],
    ['doctor --json', 'for programs'],
  ],
  run: async ({ print }) => {
    const { examine, formatDiagnosis } = await import('../tasks/doctor.ts');
    const diagnosis = await examine();
    print(diagnosis, formatDiagnosis(diagnosis));
    if (diagnosis.devices.cpu.state !== 'usable') process.exitCode = 1;
  },
});
