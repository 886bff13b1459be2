// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "asyndgan/transport/authority.hpp"
#include "command_line.hpp"
#include "provision.hpp"

namespace asyndgan::program {

namespace {

constexpr const char* kExample =
    "Example:\n"
    "  asyndgan provision init certificates --consortium \"Head study\"\n"
    "  asyndgan provision issue certificates centre --central --host gan.example.org\n"
    "  asyndgan provision issue certificates north --site\n\n"
    "or, so that no key travels, at the site and then at the authority:\n\n"
    "  asyndgan provision request south\n"
    "  asyndgan provision sign certificates request.pem south --site\n\n"
    "docs/operations.md tells who does what, and how to renew and to revoke.";

CLI::Validator accepted_by(std::optional<std::string> (*problem)(const std::string&)) {
  return {[problem](const std::string& text) { return problem(text).value_or(""); }, ""};
}

CLI::Validator plain_name() {
  return accepted_by([](const std::string& text) { return transport::name_problem(text); });
}

void add_folder(CLI::App& verb, std::filesystem::path& folder) {
  verb.add_option("folder", folder, "Folder with authority/")->required();
}

void add_order(CLI::App& verb, OrderArguments& order) {
  verb.add_option("name", order.name, "Who it is for")->required()->check(plain_name());
  auto* site = verb.add_flag("--site", order.site, "It is for a site");
  verb.add_flag("--central", order.central, "It is for the centre")->excludes(site);
  verb.add_option("--host", order.hosts, "DNS name or address by which sites reach the centre")
      ->allow_extra_args(false)
      ->check(accepted_by(transport::host_problem));
  verb.add_option("--days", order.days, "Days until it expires")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  verb.add_flag("--renew", order.renew,
                "The name has one already: make the next, in the same role unless told otherwise, "
                "and replace the files of that folder");
  verb.add_option("--out", order.out, "Where to make the folder <name>; else beside authority/");
}

/// The verbs' arguments, which live as long as the program.
struct Arguments {
  FoundArguments init;
  OrderArguments issue;
  OrderArguments sign;
  RequestArguments request;
  RevokeArguments revoke;
  LedgerArguments list;
  ShowArguments show;
};

}  // namespace

void add_provision(CLI::App& app, Voice& voice, std::function<int()>& chosen) {
  auto* const provision =
      app.add_subcommand("provision", "Certificates: who is the centre, who is a site");
  provision->footer(kExample);
  provision->require_subcommand(1);
  const auto given = std::make_shared<Arguments>();
  const auto add = [&](const std::string& name, const std::string& about,
                       const std::string& example, auto&& work) {
    auto* const verb = provision->add_subcommand(name, about);
    verb->footer("Example:\n  asyndgan provision " + name + " " + example);
    add_voice(*verb, voice);
    verb->callback([&chosen, given, work, &voice] {
      chosen = [given, work, &voice] { return work(*given, voice); };
    });
    return verb;
  };

  auto* const init = add("init", "Make the authority of a consortium: a folder authority/",
                         "certificates --consortium \"Head study\"",
                         [](const auto& a, const auto& v) { return provision_init(a.init, v); });
  init->add_option("folder", given->init.folder, "Folder that gets authority/")->required();
  init->add_option("--consortium", given->init.consortium, "Its name")->required();
  init->add_option("--years", given->init.years, "Years until the authority ends")
      ->check(CLI::Range(1, 50))
      ->capture_default_str();
  init->add_option("--revocations-at", given->init.revocations_at,
                   "URL at which you publish the list of revoked certificates for programs of "
                   "others; each certificate names it")
      ->check(accepted_by(transport::revocations_address_problem));

  auto* const issue = add("issue", "Make a key and a certificate: a folder to carry to its owner",
                          "certificates north --site",
                          [](const auto& a, const auto& v) { return provision_order(a.issue, v); });
  add_folder(*issue, given->issue.folder);
  add_order(*issue, given->issue);

  auto* const request =
      add("request", "At a site: make a key that stays, and a request to send to the authority",
          "south --out /etc/asyndgan",
          [](const auto& a, const auto& v) { return provision_request(a.request, v); });
  request->add_option("name", given->request.name, "Who asks")->required()->check(plain_name());
  request->add_option("--out", given->request.out, "Where to make the folder <name>")
      ->capture_default_str();

  auto* const sign = add("sign", "Make a certificate for the key of a request",
                         "certificates request.pem south --site",
                         [](const auto& a, const auto& v) { return provision_order(a.sign, v); });
  add_folder(*sign, given->sign.folder);
  sign->add_option("request", given->sign.request, "The request (PEM)")->required();
  add_order(*sign, given->sign);

  auto* const revoke =
      add("revoke", "Make a certificate, or all of a name, count no longer", "certificates north",
          [](const auto& a, const auto& v) { return provision_revoke(a.revoke, v); });
  add_folder(*revoke, given->revoke.folder);
  revoke->add_option("who", given->revoke.name_or_serial, "Name or serial number")->required();

  auto* const list =
      add("list", "Every certificate that was issued, and its state", "certificates --json",
          [](const auto& a, const auto& v) { return provision_list(a.list, v); });
  add_folder(*list, given->list.folder);

  auto* const show = add(
      "show", "What a certificate or a request says, or whether a folder is in order",
      "certificates/north", [](const auto& a, const auto& v) { return provision_show(a.show, v); });
  show->add_option("path", given->show.path, "Certificate, request or participant's folder")
      ->required();
}

}  // namespace asyndgan::program
