# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""A run as a build action, its measurement as another, its verdict as a test.

    runner(name = "run", deps = [":experiments"])

    convergence_test(
        name = "resnet_cifar10_sparsity50",
        baseline = "//tfmot_contrib/baselines:resnet_cifar10",
        config = "configs/sparsity50.yaml",
        experiment = "resnet_cifar10_pruning",
        module = "tfmot_contrib.pruning.experiments",
    )

makes three targets for each of the tiers that run here:

    NAME_run           trains and exports; leaves the folder of the run
    NAME_record        measures the exported models; leaves the record
    NAME               the verdict: the record against the claims, in seconds
    NAME_seed2_run, NAME_seed2_record and so on
                       other seeds, for whoever asks for them by name
    NAME_smoke_run, NAME_smoke_record, NAME_smoke
                       the same code on a few images and steps, and the claims
                       that hold even there
"""

load("//tools/bazel:python.bzl", "py_binary", "py_test")

# As many as a release may ask for; who wants one names it.
SEEDS = 20

# Three for the reference, and two that it has not seen.
_SMOKE_SEEDS = 5

# What libraries keep in a home or in a folder for temporary files goes into the
# action's own sandbox: others on this machine can neither read nor plant it.
_ENV = {
    "HOME": ".",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TMPDIR": ".",
}

RunInfo = provider(
    "The folder that a run leaves.",
    fields = {
        "folder": "A tree artifact: run.json, model.keras, *.tflite and train/.",
    },
)

def _training_run_impl(ctx):
    folder = ctx.actions.declare_directory(ctx.label.name)
    data = ctx.files.data
    arguments = ctx.actions.args()
    arguments.add("--experiment", ctx.attr.experiment)
    arguments.add("--module", ctx.attr.module)
    arguments.add_all(ctx.files.configs, before_each = "--config_file")
    arguments.add("--seed", ctx.attr.seed)
    arguments.add("--tier", ctx.attr.tier)
    arguments.add("--cpus", ctx.attr.cpus)
    arguments.add("--data_dir", data[0].dirname)
    arguments.add("--fingerprint", ctx.file.fingerprint)
    arguments.add("--output_dir", folder.path)
    inputs = data + ctx.files.configs + [ctx.file.fingerprint]
    if ctx.attr.init:
        start = ctx.attr.init[RunInfo].folder
        inputs.append(start)
        arguments.add("--init_run", start.path)
    ctx.actions.run(
        executable = ctx.executable.runner,
        arguments = [arguments],
        inputs = inputs,
        outputs = [folder],
        mnemonic = "TrainingRun",
        progress_message = "Training %s (seed %d, tier %s)" % (
            ctx.attr.experiment,
            ctx.attr.seed,
            ctx.attr.tier,
        ),
        env = _ENV,
        execution_requirements = {"cpu:%d" % ctx.attr.cpus: ""},
    )
    return [
        DefaultInfo(
            files = depset([folder]),
            runfiles = ctx.runfiles(files = [folder]),
        ),
        RunInfo(folder = folder),
    ]

training_run = rule(
    doc = "Trains one experiment with one seed and leaves the run's folder.",
    implementation = _training_run_impl,
    attrs = {
        "configs": attr.label_list(
            allow_files = [".yaml"],
            doc = "Overrides of the experiment, in their order.",
        ),
        "cpus": attr.int(
            default = 2,
            doc = "Threads of the training. Bazel 4 heeds it for tests only, " +
                  "so run.py waits for its turn.",
        ),
        "data": attr.label(mandatory = True, doc = "The files of a data set."),
        "experiment": attr.string(mandatory = True, doc = "Registered name."),
        "fingerprint": attr.label(
            allow_single_file = True,
            mandatory = True,
            doc = "What of the environment the run depends on.",
        ),
        "init": attr.label(
            providers = [RunInfo],
            doc = "The run whose model starts this one.",
        ),
        "module": attr.string(
            mandatory = True,
            doc = "The Python module that registers the experiment.",
        ),
        "runner": attr.label(
            cfg = "host",
            executable = True,
            mandatory = True,
            doc = "The program; see runner().",
        ),
        "seed": attr.int(default = 1),
        "tier": attr.string(values = ["smoke", "cpu", "accelerator"]),
    },
)

def _measurement_impl(ctx):
    record = ctx.actions.declare_file(ctx.label.name + ".json")
    run = ctx.attr.run[RunInfo].folder
    baseline = ctx.attr.baseline[RunInfo].folder
    data = ctx.files.data
    arguments = ctx.actions.args()
    arguments.add("--run", run.path)
    arguments.add("--baseline", baseline.path)
    arguments.add("--data_dir", data[0].dirname)
    arguments.add("--output", record)
    ctx.actions.run(
        executable = ctx.executable._measure,
        arguments = [arguments],
        inputs = data + [run, baseline, ctx.file._fingerprint],
        outputs = [record],
        mnemonic = "Measurement",
        progress_message = "Measuring %s" % ctx.attr.run.label.name,
        env = _ENV,
    )
    return [DefaultInfo(
        files = depset([record]),
        runfiles = ctx.runfiles(files = [record]),
    )]

measurement = rule(
    doc = "Measures the exported models of a run and leaves its record.",
    implementation = _measurement_impl,
    attrs = {
        "baseline": attr.label(
            mandatory = True,
            providers = [RunInfo],
            doc = "The float run whose latency is compared with.",
        ),
        "data": attr.label(mandatory = True, doc = "The files of a data set."),
        "run": attr.label(mandatory = True, providers = [RunInfo]),
        "_fingerprint": attr.label(
            allow_single_file = True,
            default = "@python_env//:tensorflow.fingerprint",
        ),
        "_measure": attr.label(
            cfg = "host",
            default = "//tfmot_contrib/convergence:measure",
            executable = True,
        ),
    },
)

def runner(name, deps):
    """The program of the training runs of one folder.

    A folder has its own, so that its runs depend on its code and not on that
    of other techniques.

    Args:
      name: Of the binary.
      deps: The libraries that register the folder's experiments.
    """
    py_binary(
        name = name,
        srcs = ["//tfmot_contrib/convergence:run.py"],
        main = "//tfmot_contrib/convergence:run.py",
        deps = deps + ["//tfmot_contrib/convergence:run"],
    )

def _run_and_record(name, *, tier, layer, baseline, tags, **run):
    """Makes one run and its record.

    Args:
      name: Of both, without `_run` and `_record`.
      tier: `cpu` or `smoke`.
      layer: Which of the environment's layers the run depends on.
      baseline: The run whose latency is compared with.
      tags: Of both.
      **run: Other attributes of the run.
    """
    data = "@cifar10//:smoke" if tier == "smoke" else "@cifar10"
    training_run(
        name = name + "_run",
        data = data,
        fingerprint = "@python_env//:%s.fingerprint" % layer,
        tags = tags,
        tier = tier,
        **run
    )
    measurement(
        name = name + "_record",
        baseline = baseline,
        data = data,
        run = name + "_run",
        tags = tags,
    )

def _seeded(name, seed):
    """Returns the name of a test for a seed."""
    return name if seed == 1 else "%s_seed%d" % (name, seed)

def control(
        name,
        *,
        experiment,
        module,
        baseline,
        init = None,
        runner = ":run_control",
        cpus = 2):
    """Makes the runs and records of a float control, with every seed.

    Args:
      name: Of the control.
      experiment: The registered experiment.
      module: The Python module that registers it.
      baseline: The float convergence_test that it starts from.
      init: The control that it starts from in place of that.
      runner: The program; see runner().
      cpus: Threads of the training.
    """
    for seed in range(1, SEEDS + 1):
        _run_and_record(
            _seeded(name, seed),
            tier = "cpu",
            layer = "tensorflow",
            baseline = baseline + "_run",
            cpus = cpus,
            experiment = experiment,
            init = (_seeded(init, seed) if init else baseline) + "_run",
            module = module,
            runner = runner,
            seed = seed,
            tags = ["manual"],
        )

def convergence_test(
        name,
        *,
        experiment,
        module,
        baseline = None,
        init = None,
        control = None,
        config = None,
        runner = ":run",
        claims = "technique.yaml",
        smoke_config = "configs/smoke.yaml",
        cpus = 2,
        smoke = True):
    """Makes the runs, records and verdicts of one experiment.

    Args:
      name: Of the verdict; the entry under `claims` in technique.yaml.
      experiment: The registered experiment.
      module: The Python module that registers it.
      baseline: The float convergence_test that claims compare with. Without one
        it is a float run, which depends on TensorFlow but not on TFMOT, and has
        one seed.
      init: The convergence_test whose model starts this run, by default the
        baseline.
      control: The float control that a drop of accuracy is taken from, by
        default the baseline.
      config: A YAML file with the overrides that make this row.
      runner: The program; see runner().
      claims: The technique.yaml of the folder.
      smoke_config: A YAML file with the overrides that make a run tiny.
      cpus: Threads of the training; its results depend on their number.
      smoke: Whether there is a smoke test too.
    """
    init = init or baseline
    for tier, infix in [("cpu", "")] + ([("smoke", "_smoke")] if smoke else []):
        own = name + infix
        seeds = (_SMOKE_SEEDS if infix else SEEDS) if baseline else 1
        for seed in range(1, seeds + 1):
            start = init + infix if init else None
            if init != baseline:
                start = _seeded(start, seed)
            _run_and_record(
                _seeded(own, seed),
                tier = tier,
                layer = "tfmot" if baseline else "tensorflow",
                baseline = (baseline + infix if baseline else own) + "_run",
                configs = ([config] if config else []) +
                          ([smoke_config] if tier == "smoke" else []),
                cpus = cpus,
                experiment = experiment,
                init = start + "_run" if start else None,
                module = module,
                runner = runner,
                seed = seed,
                tags = [] if seed == 1 else ["manual"],
            )
        records = {
            "record": ":" + own + "_record",
            "run": ":" + own + "_run",
        }
        if baseline:
            records["baseline"] = baseline + infix + "_record"
        if control and tier == "cpu":
            records["control"] = control + "_record"
        py_test(
            name = own,
            srcs = ["//tfmot_contrib/convergence:verdict.py"],
            args = [
                "--technique=$(rootpath %s)" % claims,
                "--name=" + name,
                "--tier=" + tier,
                "--settings=$(rootpath @python_env//:settings)",
            ] + [
                "--%s=$(rootpath %s)" % flag_and_label
                for flag_and_label in records.items()
            ],
            data = records.values() + [claims, "@python_env//:settings"] +
                   native.glob(["references/**/*.json"]),
            main = "//tfmot_contrib/convergence:verdict.py",
            tags = ["convergence", tier],
            deps = ["//tfmot_contrib/convergence:verdict"],
        )

def technique_folder(name):
    """Names what each folder of experiments has: files for tools, and its tests.

    Args:
      name: Of the suite of all its tests.
    """
    native.exports_files(["technique.yaml"])
    native.filegroup(
        name = "configs",
        srcs = native.glob(["configs/*.yaml"]),
    )
    native.filegroup(
        name = "documents",
        srcs = [
            "README.md",
            "technique.yaml",
        ] + native.glob([
            "evidence/**",
            "references/**/*.json",
        ]),
    )
    native.test_suite(name = name)
