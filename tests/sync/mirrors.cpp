#include "mirrors.hpp"

#include "definitions.hpp"
#include "environment.hpp"

#include <algorithm>
#include <stdexcept>

#include <catch2/catch.hpp>

namespace moontide::test {

Mirrors::Mirrors(World& world) : world_(world), home_(world.make_namespace("ops")) {
    serve_definition(world, "mirror.configmirror.io_configmirrors");
}

Mirrors::~Mirrors() {
    try {
        for (const auto& name : made_) {
            world_.api.try_merge(ref(name), {{"metadata", {{"finalizers", nullptr}}}});
            world_.api.remove_if_there(ref(name));
        }
    } catch (const std::exception& error) {
        WARN("cleaning up mirrors: " << error.what());
    }
}

policy::PolicyPtr Mirrors::policy() const {
    return shipped_policy("config-mirror");
}

Setup Mirrors::setup() const {
    const auto adjust = [](SyncOptions& options) {
        auto& database = options.database;
        database.connect = patient(Milliseconds(2'000));
        database.statement = patient(Milliseconds(1'000));
        database.answer = patient(Milliseconds(1'200));
        database.probe = Milliseconds(300);
        database.backoff_first = Milliseconds(20);
        database.backoff_last = Milliseconds(200);
        options.secrets_again = Milliseconds(200);
    };
    return {.policies = {policy()}, .adjust = adjust};
}

kube::Ref Mirrors::ref(const std::string& name) const {
    return {{"mirror.configmirror.io/v1alpha1", "ConfigMirror"}, home_, name};
}

Json Mirrors::make(const std::string& name, const std::vector<std::string>& to,
                   const std::optional<std::string>& secret) {
    Json object = {{"apiVersion", "mirror.configmirror.io/v1alpha1"},
                   {"kind", "ConfigMirror"},
                   {"metadata", {{"namespace", home_}, {"name", name}}},
                   {"spec",
                    {{"sourceNamespace", world_.sources()},
                     {"targetNamespaces", to},
                     {"selector", {{"matchLabels", {{"replicate", "true"}}}}}}}};
    if (secret) object["spec"]["database"] = {{"enabled", true}, {"secretRef", {{"name", *secret}}}};
    if (std::ranges::find(made_, name) == made_.end()) made_.push_back(name);
    return world_.api.create(object);
}

Json Mirrors::change(const std::string& name, const Json& spec) {
    return world_.api.merge(ref(name), {{"spec", spec}});
}

void Mirrors::remove(const std::string& name) {
    world_.api.remove(ref(name));
}

bool Mirrors::has_finalizer(const std::string& name) {
    const auto all = world_.api.get(ref(name)).at("metadata").value("finalizers", Json::array());
    return std::ranges::find(all, Json("mirror.configmirror.io/finalizer")) != all.end();
}

void Mirrors::expect_gone(const std::string& name, Where where) {
    world_.await(
        "the mirror " + name + " goes",
        [&](const Objects&) {
            const auto there = world_.api.find(ref(name));
            return there ? "it is still there: " + there->dump() : std::string();
        },
        where);
}

Json Mirrors::make_source(const std::string& name, const Json& data) {
    return world_.make_config_map(world_.sources(), name, data, {{"metadata", {{"labels", {{"replicate", "true"}}}}}});
}

void Mirrors::put_secret(const std::string& name, const Json& keys) {
    const auto secret_ref = secret(home_, name);
    const Json object = {{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata", {{"namespace", home_}, {"name", name}}},
                         {"stringData", keys}};
    if (world_.api.find(secret_ref)) {
        world_.api.replace(object);
    } else {
        world_.api.create(object);
    }
}

void Mirrors::put_secret(const std::string& name, const store::Settings& settings) {
    put_secret(name, Json{{"host", settings.host},
                          {"port", settings.port},
                          {"username", settings.username},
                          {"password", settings.password},
                          {"dbname", settings.dbname}});
}

void Mirrors::remove_secret(const std::string& name) {
    world_.api.remove(secret(home_, name));
}

Json Mirrors::status(const std::string& name) {
    const auto object = world_.api.find(ref(name));
    return object ? object->value("status", Json::object()) : Json::object();
}

Json Mirrors::condition(const std::string& name, const std::string& type) {
    for (const auto& one : status(name).value("conditions", Json::array())) {
        if (one.value("type", "") == type) return one;
    }
    return Json::object();
}

Json Mirrors::await_database(const std::string& name, const std::string& status_text, const std::string& reason,
                             Where where) {
    Json found;
    world_.await(
        "DatabaseReady of " + name + " is " + status_text + ", " + reason,
        [&](const Objects&) {
            found = condition(name, "DatabaseReady");
            const bool is_so = found.value("status", "") == status_text && found.value("reason", "") == reason;
            return is_so ? std::string() : status(name).dump();
        },
        where);
    return found;
}

void Mirrors::await_rows(const store::test::Server& server, const store::Settings& settings, const std::string& wanted,
                         Where where) {
    world_.await(
        "rows are " + wanted,
        [&](const Objects&) {
            const auto rows = rows_of(server, settings);
            return rows == wanted ? std::string() : "they are " + rows;
        },
        where);
}

std::vector<std::string> Mirrors::told(const std::string& name, const std::string& reason) {
    std::vector<std::string> messages;
    for (const auto& event : world_.api.list("Event", home_)) {
        if (event.value("reason", "") == reason && event.at("involvedObject").value("name", "") == name)
            messages.push_back(event.value("message", ""));
    }
    return messages;
}

std::string rows_of(const store::test::Server& server, const store::Settings& settings) {
    try {
        return server.value(settings,
                            "SELECT coalesce(string_agg(name || '=' || data::text, ' ' ORDER BY name), '')"
                            " FROM configmaps");
    } catch (const std::runtime_error& error) {
        std::string message = error.what();
        if (message.find("does not exist") != std::string::npos) return "no table";
        return message;
    }
}

}  // namespace moontide::test
