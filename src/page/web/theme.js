// Runs before the page is painted, so that it does not flash in the other theme.
"use strict";
try {
  const theme = localStorage.getItem("ringcast.theme");
  if (theme) document.documentElement.dataset.theme = JSON.parse(theme);
} catch {
  // Storage is blocked: the browser's preference applies.
}
