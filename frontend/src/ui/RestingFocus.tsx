/**
 * Where the focus of a dialog rests until a key moves it, unless something in the dialog asks for it
 * with `data-autofocus`. It stands last because the first one that asks gets it.
 */
export function RestingFocus() {
  return <div tabIndex={-1} data-autofocus className="visually-hidden" />;
}
