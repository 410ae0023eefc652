// How many files and sockets this process may have open.
#pragma once

namespace retort::cli {

// Each connection takes a descriptor, and the usual soft limit is 1,024: raises it to the hard one.
void raise_descriptor_limit();

}  // namespace retort::cli
