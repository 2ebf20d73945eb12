/** `rekey migrate`: brings the database up to date. */
import { loadConfig } from '../base/config.js';
import { databaseSettings, migrateDatabase } from '../base/database.js';
import type { Command } from './command.js';

export const migrate: Command = {
  arguments: '',
  about: 'applies drizzle/ to the database, under a lock',
  run: async () => {
    await migrateDatabase(databaseSettings(loadConfig()));
    process.stdout.write('The database is up to date.\n');
    return 0;
  },
};
