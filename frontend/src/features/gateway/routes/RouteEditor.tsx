import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { RouteOut } from "@/api/generated/schema";
import { isAllowed, reasonAgainst } from "@/components/allowed";
import { Notice } from "@/components/Notice";
import { PageFrame } from "@/components/PageFrame";
import { useView } from "@/components/useView";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { PlayIcon } from "@/ui/icons";
import { Tabs } from "@/ui/Tabs";
import { FallbackEditor } from "./FallbackEditor";
import { HouseSwitch } from "./HouseSwitch";
import { Names } from "./Names";
import { liveQuery } from "./queries";
import { RouteMenu } from "./RouteMenu";
import { RouteTraffic } from "./RouteTraffic";
import { Rules } from "./Rules";
import { LeavesTag } from "./routeColumns";
import styles from "./routes.module.css";
import { SaveDialog } from "./SaveDialog";
import { TargetsEditor } from "./TargetsEditor";
import { TestPanel } from "./TestPanel";
import { UnsavedGuard } from "./UnsavedGuard";
import { useRouteDraft } from "./useRouteDraft";
import { useRouteWords } from "./useRouteWords";
import { useWorld } from "./useWorld";
import { Versions } from "./Versions";
import { waysOut } from "./world";

interface RouteEditorProps {
  route: RouteOut;
  crumbs: { label: string; to?: string }[];
}

export function RouteEditor({ route, crumbs }: RouteEditorProps) {
  const t = useTranslations("routes");
  const [view, setView] = useView();
  const [saves, setSaves] = useState(false);
  const edit = useRouteDraft(route);
  const world = useWorld();
  const words = useRouteWords();
  const live = useQuery(liveQuery(route.id)).data;
  const tab = view.tab === "versions" ? "versions" : "route";
  const out = waysOut(edit.document, world);
  const isOutUnasked = out.length > 0 && !edit.draft.mayLeaveHouse;
  const problem = edit.problem ?? (isOutUnasked ? "house" : null);
  const mayEdit = isAllowed(route, "update_route");
  return (
    <PageFrame
      title={route.name}
      place={route.name}
      crumbs={crumbs}
      state={<LeavesTag route={route} />}
      tag={t("page.version", { version: String(route.version) })}
      sentence={words.summary(edit.document, out)}
      actions={
        <>
          <Button icon={PlayIcon} onClick={() => setView({ dialog: "test" })}>
            {t("page.test")}
          </Button>
          <Button
            kind="go"
            disabledReason={
              reasonAgainst(route, "update_route") ??
              (problem
                ? t(`problem.${problem}`)
                : edit.changes.length === 0
                  ? t("page.nothingChanged")
                  : null)
            }
            onClick={() => setSaves(true)}
          >
            {edit.changes.length > 0
              ? t("page.reviewCount", { count: edit.changes.length })
              : t("page.review")}
          </Button>
          <RouteMenu route={route} large />
        </>
      }
      tabs={
        <Tabs
          label={t("page.tabs")}
          value={tab}
          tabs={[
            { value: "route", label: t("page.tabRoute") },
            { value: "versions", label: t("page.tabVersions"), count: route.version },
          ]}
        />
      }
      notice={
        edit.isBehind && (
          <Notice
            tone="attention"
            title={t("page.behind", { version: String(route.version) })}
            actions={
              <Button size="sm" onClick={() => edit.startFrom(route)}>
                {t("page.takeTheirs")}
              </Button>
            }
          >
            {t("page.behindHint")}
          </Notice>
        )
      }
      aside={<RouteTraffic name={route.name} />}
    >
      {tab === "versions" ? (
        <Versions route={route} isChanged={edit.isChanged} onReverted={edit.startFrom} />
      ) : (
        <>
          <Card title={t("targets.title")} note={t("targets.note")}>
            <TargetsEditor
              targets={edit.draft.targets}
              world={world}
              live={live}
              disabled={!mayEdit}
              onChange={(targets) => edit.set({ targets })}
            />
          </Card>
          <Card title={t("chain.title")} note={t("chain.note")}>
            <FallbackEditor
              name={route.name}
              steps={edit.draft.fallbacks}
              world={world}
              disabled={!mayEdit}
              onChange={(fallbacks) => edit.set({ fallbacks })}
            />
          </Card>
          <Card title={t("house.title")}>
            <HouseSwitch
              may={edit.draft.mayLeaveHouse}
              out={out}
              disabled={!mayEdit}
              onChange={(mayLeaveHouse) => edit.set({ mayLeaveHouse })}
            />
          </Card>
          <div className={styles.two}>
            <Card title={t("names.title")}>
              <Names draft={edit.draft} disabled={!mayEdit} onChange={edit.set} />
            </Card>
            <Card title={t("rules.title")}>
              <Rules draft={edit.draft} disabled={!mayEdit} onChange={edit.set} />
            </Card>
          </div>
          {edit.isChanged && (
            <div className={styles.unsaved} role="status">
              <span className="grow">
                {t("page.unsaved", { count: Math.max(1, edit.changes.length) })}
              </span>
              <Button size="sm" kind="ghost" onClick={() => edit.startFrom(route)}>
                {t("page.discard")}
              </Button>
            </div>
          )}
        </>
      )}
      {saves && (
        <SaveDialog
          route={route}
          edit={edit}
          out={out}
          onSaved={edit.startFrom}
          onClose={() => setSaves(false)}
        />
      )}
      {view.dialog === "test" && (
        <TestPanel
          route={route}
          isChanged={edit.isChanged}
          onClose={() => setView({ dialog: undefined })}
        />
      )}
      <UnsavedGuard isOn={edit.isChanged} name={route.name} />
    </PageFrame>
  );
}
