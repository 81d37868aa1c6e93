import { useMediaQuery } from "@mantine/hooks";

/** Below 720 px tables become rows and dialogs sheets; see the base styles. */
export function usePhone(): boolean {
  return useMediaQuery("(max-width: 720px)", false, { getInitialValueInEffect: false });
}
