"""Cuts a golden model into parts with the PyPI package gguf.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install gguf==0.19.0 numpy
    /tmp/venv/bin/python make_split.py

Writes split/gqa-0000N-of-00003.gguf from gqa.gguf: the same metadata and tensors, in files of at
most 10 tensors, the package's own way to cut a model. src/gguf/split_model_test.cc and
src/model/model_load_test.cc compare.
"""

import pathlib

import gguf

HERE = pathlib.Path(__file__).parent


def copy_fields(reader, writer):
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, inner)


def main():
    reader = gguf.GGUFReader(HERE / "gqa.gguf")
    folder = HERE / "split"
    folder.mkdir(exist_ok=True)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(folder / "gqa.gguf", architecture, split_max_tensors=10)
    copy_fields(reader, writer)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
