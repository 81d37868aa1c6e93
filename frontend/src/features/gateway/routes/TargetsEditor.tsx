import { Autocomplete, NumberInput, Select, Slider } from "@mantine/core";
import { useTranslations } from "use-intl";
import type { RouteDecisionOut } from "@/api/generated/schema";
import { useFormat } from "@/i18n/useFormat";
import { Button, IconButton } from "@/ui/Button";
import { PlusIcon, TrashIcon } from "@/ui/icons";
import { emptyTarget, isByRoom, readPlace, sharesOf, type TargetDraft } from "./draft";
import { LiveState } from "./LiveState";
import styles from "./routes.module.css";
import type { World } from "./world";

/** Small weights and percentages both get a slider that is easy to set. */
const SLIDERS_TO = [10, 100];

interface TargetsEditorProps {
  targets: readonly TargetDraft[];
  world: World;
  onChange: (targets: TargetDraft[]) => void;
  /** How the places of the saved route are just now. */
  live?: RouteDecisionOut | undefined;
  disabled?: boolean;
}

/** The places a name leads to, and how its requests are shared between them. */
export function TargetsEditor({ targets, world, onChange, live, disabled }: TargetsEditorProps) {
  const t = useTranslations("routes.targets");
  const shares = sharesOf(targets);
  const byRoom = isByRoom(targets);
  const heaviest = Math.max(...targets.map((target) => target.weight));
  const sliderTo = SLIDERS_TO.find((most) => most >= heaviest) ?? heaviest;
  const places = [
    {
      group: t("deployments"),
      items: world.deployments.map(({ name }) => ({ value: `deployment:${name}`, label: name })),
    },
    {
      group: t("upstreams"),
      items: world.upstreams.map(({ name }) => ({ value: `upstream:${name}`, label: name })),
    },
  ];
  const set = (id: number, change: Partial<TargetDraft>) =>
    onChange(targets.map((each) => (each.id === id ? { ...each, ...change } : each)));
  return (
    <div className="stack tight">
      {targets.map((target, index) => (
        <Target
          key={target.id}
          target={target}
          number={index + 1}
          share={shares[index] ?? 0}
          isAlone={targets.length === 1}
          byRoom={byRoom}
          sliderTo={sliderTo}
          places={places}
          world={world}
          live={live}
          disabled={disabled ?? false}
          onChange={(change) => set(target.id, change)}
          onRemove={() => onChange(targets.filter((each) => each.id !== target.id))}
        />
      ))}
      <div className="row between wrap">
        {!disabled && (
          <Button
            size="sm"
            icon={PlusIcon}
            onClick={() => onChange([...targets, { ...emptyTarget(), weight: usual(targets) }])}
          >
            {t("add")}
          </Button>
        )}
        {targets.length > 1 && (
          <p className="xs dim grow">{byRoom ? t("byRoom") : t("byWeight")}</p>
        )}
      </div>
    </div>
  );
}

/** A new place weighs as much as the others do on average, so that it is seen. */
function usual(targets: readonly TargetDraft[]): number {
  const whole = targets.reduce((sum, target) => sum + target.weight, 0);
  return Math.round(whole / Math.max(1, targets.length)) || 1;
}

interface TargetProps {
  target: TargetDraft;
  number: number;
  share: number;
  isAlone: boolean;
  byRoom: boolean;
  sliderTo: number;
  places: { group: string; items: { value: string; label: string }[] }[];
  world: World;
  live: RouteDecisionOut | undefined;
  disabled: boolean;
  onChange: (change: Partial<TargetDraft>) => void;
  onRemove: () => void;
}

function Target({
  target,
  number,
  share,
  isAlone,
  byRoom,
  sliderTo,
  places,
  world,
  live,
  disabled,
  onChange,
  onRemove,
}: TargetProps) {
  const t = useTranslations("routes.targets");
  const format = useFormat();
  const { kind, name } = readPlace(target.place ?? "");
  const upstream =
    kind === "upstream" ? world.upstreams.find((one) => one.name === name) : undefined;
  return (
    <section className={styles.target} aria-label={t("one", { number: String(number) })}>
      <div className={styles.place}>
        <Select
          label={t("place")}
          placeholder={t("choose")}
          data={places}
          value={target.place}
          searchable
          allowDeselect={false}
          disabled={disabled}
          nothingFoundMessage={t("nothing")}
          onChange={(place) => onChange({ place })}
        />
        {kind === "upstream" && target.place && (
          <Autocomplete
            label={t("model")}
            placeholder={t("modelPlaceholder")}
            data={[...new Set(upstream?.models ?? [])]}
            limit={50}
            value={target.model}
            disabled={disabled}
            onChange={(model) => onChange({ model })}
          />
        )}
        {!isAlone && !disabled && (
          <IconButton
            size="md"
            icon={TrashIcon}
            label={t("remove", { number: String(number) })}
            onClick={onRemove}
          />
        )}
      </div>
      {!isAlone && (
        <div className={styles.weight}>
          <Slider
            thumbLabel={t("weightOf", { name: name || String(number) })}
            label={null}
            min={0}
            max={sliderTo}
            value={target.weight}
            disabled={disabled}
            onChange={(weight) => onChange({ weight })}
          />
          <NumberInput
            aria-label={t("weightNumber", { name: name || String(number) })}
            hideControls
            min={0}
            max={1_000_000}
            value={target.weight}
            disabled={disabled}
            onChange={(value) => onChange({ weight: Math.max(0, Number(value) || 0) })}
          />
          <span className={styles.share}>
            {target.weight === 0 ? t("none") : byRoom ? t("free") : format.share(share)}
          </span>
        </div>
      )}
      {target.place && (
        <div className="row wrap xs">
          {upstream?.leaves_house && <span className="tag ember">{t("leaves")}</span>}
          <LiveState kind={kind} name={name} world={world} live={live} />
        </div>
      )}
    </section>
  );
}
