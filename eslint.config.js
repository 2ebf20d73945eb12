// @ts-check
/** What the compiler does not see: promises nobody waits for, secrets' neighbours, and the house rules of CONTRIBUTING.md. */
import tseslint from 'typescript-eslint';

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name: an import then says what it takes.',
};
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only src/base/config.ts reads the environment.',
};
const noMathRandom = {
  selector: "MemberExpression[object.name='Math'][property.name='random']",
  message: 'Randomness comes from src/base/secrets.ts.',
};

export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', 'coverage/', '.rekey/', 'src/web/generated/'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.base],
    languageOptions: {
      parserOptions: {
        project: ['test/tsconfig.json', 'test/browser/tsconfig.json', 'src/web/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/no-unsafe-function-type': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': ['error', noDefaultExport, noMathRandom],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/web/**', 'src/base/config.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noEnvironment, noMathRandom] },
  },
  {
    // These tools read a default export; and a module declared for the compiler says what another package exports.
    files: ['**/*.config.ts', '**/codegen.ts', '**/*.d.ts'],
    rules: { 'no-restricted-syntax': ['error', noMathRandom] },
  },
  {
    // In none of the projects that are checked.
    files: ['drizzle/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
  },
  {
    // The client speaks to the service over HTTP alone, and what is random in it is no secret.
    files: ['src/web/**'],
    ignores: ['**/*.config.ts', '**/codegen.ts', '**/*.d.ts'],
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?:\\.\\./)+(?:base|graphql|server|accounts|sessions)/',
              message: 'Pages import nothing from src.',
            },
          ],
        },
      ],
    },
  },
  {
    // Sources of the service know no test, and no file of the edge below it: test/architecture.test.ts has the whole order.
    files: ['src/**/*.ts'],
    ignores: ['src/web/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'graphql-tag', message: 'Use parse of graphql.' }],
          patterns: [{ regex: '/test/|^@jest/', message: 'Sources know no test.' }],
        },
      ],
    },
  },
);
