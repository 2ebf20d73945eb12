import { useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';

/** Filters live in the address, so that a colleague can be sent the same view. Absent means the default. */
export function useFilters() {
  const [search, setSearch] = useSearchParams();
  // The address follows in a moment; a field shows at once what was typed into it.
  const [wanted, setWanted] = useState<URLSearchParams | null>(null);
  const current = wanted ?? search;
  useEffect(() => setWanted((held) => (held?.toString() === search.toString() ? null : held)), [search]);
  return {
    get: (name: string, fallback = '') => current.get(name) ?? fallback,
    set: (name: string, value: string) => {
      const next = new URLSearchParams(current);
      if (value) next.set(name, value);
      else next.delete(name);
      setWanted(next);
      setSearch(next, { replace: true });
    },
    key: current.toString(),
  };
}

/** A value from the address, or undefined when it is none of those the contract knows. */
export const oneOf = <Value extends string>(values: readonly Value[], value: string): Value | undefined =>
  values.find((known) => known === value);
