"""Worker jobs that look at machines."""

from django.conf import settings

from apps.nodes import actions, queries
from worker_jobs.adapters import local_machine
from worker_jobs.operation_job import OperationFailed, OperationRun, operation_job
from worker_jobs.periodic import periodic

SAMPLE_SECONDS = 10.0


@operation_job(actions.INSPECT_NODE)
def inspect_node(run: OperationRun) -> None:
    node = queries.get_node_of_operation(node_id=run.operation.subject_id)
    with run.step("read_facts") as step:
        if step.done:
            return
        if not node.is_control_plane:
            raise OperationFailed(
                f"{node.name} is another machine, and Hearth cannot look into it yet.",
                fix="Inspect the machine that Hearth runs on.",
            )
        facts = local_machine.read_facts(models_dir=settings.MODELS_DIR)
        actions.record_facts(node=node, facts=facts)
        actions.record_sample(
            node=node, sample=local_machine.read_sample(models_dir=settings.MODELS_DIR)
        )
        step.detail = node.hardware
        run.log(node.hardware)
        for fact, why in facts["unknown"].items():
            run.log(f"Not known: {fact}. {why}", level="warning")


@periodic(every=SAMPLE_SECONDS)
def sample_nodes() -> None:
    """Note how busy this machine is, and learn its hardware once if nobody has yet."""
    node = queries.find_control_plane_node()
    if node is None:
        return
    if not node.facts:
        actions.record_facts(
            node=node, facts=local_machine.read_facts(models_dir=settings.MODELS_DIR)
        )
    sample = local_machine.read_sample(models_dir=settings.MODELS_DIR)
    actions.record_sample(node=node, sample=sample)


@periodic(every=600.0)
def prune_samples() -> None:
    actions.prune_samples()
