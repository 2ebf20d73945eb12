import { useSearchParams } from 'react-router';

/** Filters live in the address, so that a colleague can be sent the same view. Absent means the default. */
export function useFilters() {
  const [search, setSearch] = useSearchParams();
  return {
    get: (name: string, fallback = '') => search.get(name) ?? fallback,
    set: (name: string, value: string) =>
      setSearch(
        (earlier) => {
          const next = new URLSearchParams(earlier);
          if (value) next.set(name, value);
          else next.delete(name);
          return next;
        },
        { replace: true },
      ),
    key: search.toString(),
  };
}

/** A value from the address, or undefined when it is none of those the contract knows. */
export const oneOf = <Value extends string>(values: readonly Value[], value: string): Value | undefined =>
  values.find((known) => known === value);
