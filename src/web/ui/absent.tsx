import { texts } from '#texts/entry';
import { Button } from './button';
import { Notice } from './notice';
import { Loading } from './page';

interface Props {
  isLoading: boolean;
  onRetry: () => Promise<unknown>;
}

/** In the place of what is not there: on its way, or failed with a way to ask again. */
export function Absent({ isLoading, onRetry }: Props) {
  if (isLoading) return <Loading />;
  return (
    <div className="stack">
      <Notice tone="error">{texts.notLoaded}</Notice>
      <div>
        <Button look="quiet" onClick={() => void onRetry().catch(() => {})}>
          {texts.tryAgain}
        </Button>
      </div>
    </div>
  );
}
