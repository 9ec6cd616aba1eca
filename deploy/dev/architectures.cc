// Prints the table of classes that can be served.
#include <iostream>

#include "deploy/dev/architectures_table.h"

int main() { std::cout << transformerd::ArchitecturesTable(); }
