/* SPDX-License-Identifier: Apache-2.0 */

/* In C++: where documents put each virtual port and each of its MACs, and the
 * wire addresses that frames from there carry.
 *
 *     example-places inventory.json shop.json */

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <nethv/document.h>
#include <nethv/model.h>

namespace {

struct Destroy {
    void operator()(nethv_model *model) const { nethv_model_destroy(model); }
    void operator()(nethv_document *d) const { nethv_document_destroy(d); }
};
using Model = std::unique_ptr<nethv_model, Destroy>;
using Document = std::unique_ptr<nethv_document, Destroy>;

/* Throws the sentence that a function has returned, if it has. */
void
check(char *fault)
{
    if (fault) {
        std::string text(fault);
        std::free(fault);
        throw std::runtime_error(text);
    }
}

Document
read_document(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error(std::string(path) + ": cannot be read");
    }
    std::string text((std::istreambuf_iterator<char>(file)),
                     std::istreambuf_iterator<char>());
    nethv_document *document = nullptr;
    check(nethv_document_parse(text.data(), text.size(), &document));
    return Document(document);
}

void
print_place(const nethv_model *model, const nethv_row *port, std::uint64_t mac)
{
    nethv_place place;
    if (nethv_model_place(model, port, mac, &place)) {
        std::printf("%s %012llx cloud %u host %u number %u wire %012llx\n",
                    nethv_row_name(port),
                    static_cast<unsigned long long>(mac),
                    unsigned(place.cloud), unsigned(place.host),
                    unsigned(place.number),
                    static_cast<unsigned long long>(
                        nethv_wire_address(place.tag, place.location)));
    }
}

} // namespace

int
main(int argc, char *argv[])
{
    try {
        Model model(nethv_model_create());
        for (int i = 1; i < argc; i++) {
            check(nethv_model_load(model.get(), read_document(argv[i]).get()));
        }
        check(nethv_model_settle(model.get()));
        const nethv_row *port = nethv_model_first(model.get(),
                                                  NETHV_KIND_PORT);
        for (; port; port = nethv_model_next(model.get(), port)) {
            print_place(model.get(), port, 0);
            for (std::size_t i = 0; i < nethv_port_n_macs(port); i++) {
                print_place(model.get(), port, nethv_port_mac(port, i));
            }
        }
    } catch (const std::exception &e) {
        std::cerr << "example-places: " << e.what() << "\n";
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
