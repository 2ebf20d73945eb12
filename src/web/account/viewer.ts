import { createContext, useContext } from 'react';
import type { ViewerBasicsFragment } from '../generated/account/graphql';

export const ViewerContext = createContext<ViewerBasicsFragment | null>(null);

/** The person signed in. Only for what is shown inside the account area, which shows nothing without one. */
export function useViewer(): ViewerBasicsFragment {
  const viewer = useContext(ViewerContext);
  if (!viewer) throw new Error('useViewer is used outside the account area');
  return viewer;
}
