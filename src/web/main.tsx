// First of all: takes a token out of the address before anything else can see it.
import './core/fragment-token';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { App } from './app';
import './styles/tokens.css';
import './styles/base.css';
import './styles/pieces.css';
import './styles/controls.css';
import './styles/messages.css';
import './styles/entry.css';
import './styles/account.css';

const place = document.getElementById('app');
if (place) {
  createRoot(place).render(
    <BrowserRouter>
      <App />
    </BrowserRouter>,
  );
}
