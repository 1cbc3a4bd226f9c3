---@meta
-- The policy API of moontide/v1 for editors (LuaLS annotations). A policy is a file that returns a moontide.Policy.
-- Texts may hold placeholders: {owner.…}, {source.…}, {namespace.…}, {target.…}, {settings.…}, {group}; `?` behind the
-- path where it may be missing, `|text` for a default.

---A text, with placeholders or computed.
---@alias moontide.Text string|fun(on: moontide.On): string?
---One text or several, any of which holds. `*` and `?` are wild where they are written here.
---@alias moontide.Texts moontide.Text|moontide.Text[]
---Names and what they must be: texts, true (there) or false (not there); or what brings such a map.
---@alias moontide.Rules string|table<string, moontide.Texts|boolean>|fun(on: moontide.On): table
---A kind; those that are not Kubernetes' own with their apiVersion.
---@alias moontide.Kind string|{ apiVersion: string, kind: string }
---What becomes of an object of that name that carries no claim of ours: left, taken (if it carries the marks; if its
---content is equal; always), or joined, where only what the policy names is ours (one is made where there is none; it is
---waited for).
---@alias moontide.Existing "refuse"|"marked"|"adopt"|"overwrite"|"merge"|"join"|string

---@class moontide.Policy
---@field api "moontide/v1"
---@field settings? table<string, any> defaults, whose types are the types
---@field owner? moontide.Owner|moontide.Owner[] the objects that ask for the work; else each source asks for itself
---@field from? moontide.Selection|moontide.Selection[] the sources; else the owner
---@field with? table<string, moontide.Companion> further objects that the content reads: on.<name>
---@field group? moontide.Text sources with the same text make one copy a target together
---@field into moontide.Namespaces|moontide.Namespaces[]|fun(on: moontide.On): moontide.Target[] where copies belong
---@field kind? moontide.Kind|moontide.Kind[] of the copy; a list are those that `into` may name
---@field name? moontide.Text of the copy; else the source's
---@field existing? moontide.Existing|fun(on: moontide.On): moontide.Existing default "refuse"
---@field consent? boolean the source must allow the namespace, and the namespace the source's
---@field orphans? "delete"|"keep" the copies of a source that is gone
---@field writes? "whole"|"fields" whether the content is ours whole, default for ConfigMap and Secret, or what we name
---@field expires? moontide.Text a time, or a duration since the source's creation: "90s", "1h30m", "7d"
---@field belongs? "source"|"owner" an ownerReference, same namespace only
---@field keys? moontide.Keys|fun(on: moontide.On): boolean|string which keys of the data go along, under which name
---@field data? table<string, moontide.Text>|fun(on: moontide.On): table<string, string> laid over; a function: whole
---@field object? table|fun(on: moontide.On): table? merged in; a function: all fields; nil: no copy here
---@field labels? table<string, moontide.Text>|fun(on: moontide.On): table<string, string>
---@field annotations? table<string, moontide.Text>|fun(on: moontide.On): table<string, string>
---@field carry? moontide.Carry|fun(on: moontide.On): moontide.Carry labels and annotations of the source that go along
---@field status? fun(on: moontide.On): table? fields of the owner's status; conditions lie over the engine's by type, which the file names in quotes
---@field store? moontide.Store|fun(on: moontide.On): moontide.Store? a PostgreSQL for records of the copies; nil: none

---@class moontide.Owner
---@field kind? string|string[]
---@field apiVersion? string
---@field finalizer? string on the owner from before its first copy until its last one is gone
---@field namespace? moontide.Texts
---@field name? moontide.Texts
---@field labels? moontide.Rules
---@field annotations? moontide.Rules
---@field selector? string|table|fun(on: moontide.On): string|table kubectl's text form, or a LabelSelector
---@field where? fun(on: moontide.On): boolean
---@field except? moontide.Selection|moontide.Selection[]

---Objects for which every field holds.
---@class moontide.Selection
---@field kind? string|string[]
---@field apiVersion? string where the kind is not Kubernetes' own
---@field cluster? string
---@field namespace? moontide.Texts
---@field name? moontide.Texts
---@field labels? moontide.Rules
---@field annotations? moontide.Rules
---@field selector? string|table|fun(on: moontide.On): string|table kubectl's text form, or a LabelSelector
---@field where? fun(on: moontide.On): boolean
---@field except? moontide.Selection|moontide.Selection[]
---@field git? table not served by this version
---@field path? moontide.Text not served by this version
---@field every? moontide.Text not served by this version

---Namespaces for which every field holds; `kind` and `name` say what the copy is.
---@class moontide.Namespaces
---@field kind? moontide.Text
---@field name? moontide.Text
---@field cluster? string
---@field namespace? moontide.Texts
---@field labels? moontide.Rules
---@field annotations? moontide.Rules
---@field selector? string|table|fun(on: moontide.On): string|table
---@field where? fun(on: moontide.On): boolean
---@field except? moontide.Namespaces|moontide.Namespaces[]

---One object by namespace and name, or a list of references.
---@class moontide.Companion
---@field kind? string|string[]
---@field apiVersion? string
---@field cluster? string
---@field namespace? moontide.Text default: the owner's, else the source's
---@field name? moontide.Text
---@field list? string|moontide.Reference[]|fun(on: moontide.On): moontide.Reference[]

---@class moontide.Reference
---@field kind? string
---@field namespace? string
---@field name string

---@class moontide.Target
---@field cluster? string
---@field namespace string
---@field kind? string
---@field name? string

---@class moontide.Keys
---@field keep? moontide.Texts globs; none and an empty list: all
---@field drop? moontide.Texts globs
---@field rename? table<string, moontide.Text> old names or globs and the new ones

---@class moontide.Carry
---@field labels? moontide.Texts globs
---@field annotations? moontide.Texts globs

---An object as the API has it, and what is at the top for short. Read-only.
---@class moontide.Object: table
---@field name string
---@field namespace? string
---@field uid string
---@field labels table<string, string> never nil
---@field annotations table<string, string> never nil
---@field cluster string

---Records of the copies in a PostgreSQL.
---@class moontide.Store
---@field secret moontide.SecretReference the way to it: host, port, username, password, dbname, sslmode, or url

---@class moontide.SecretReference
---@field namespace moontide.Text
---@field name moontide.Text

---What an owner's pass came to. Times are RFC 3339.
---@class moontide.Report: table
---@field wanted number copies that are asked for
---@field synced string[] namespaces where every copy is as it should be, sorted
---@field failed string[] namespaces where one is not, sorted
---@field failures moontide.Failure[] the first 20, by namespace
---@field waiting string[] what is awaited, in words
---@field sources moontide.ReportedSource[] by namespace and name
---@field changed? string the end of the last pass that wrote a copy
---@field store? { connected: boolean, lastSyncTime?: string, message: string }
---@field revision? string of a git source
---@field error? string why nothing can be asked for: of the policy, or of the owner's fields

---@class moontide.Failure: table
---@field namespace string
---@field kind string
---@field name string
---@field reason string
---@field message string

---@class moontide.ReportedSource: table
---@field namespace? string
---@field name string
---@field synced string[] namespaces
---@field changed? string

---What a function may read. Which of these are there depends on the slot.
---@class moontide.On: table
---@field owner? moontide.Object
---@field source? moontide.Object
---@field sources? moontide.Object[] instead of `source`, with `group`
---@field namespace? moontide.Object metadata only
---@field target? moontide.Target
---@field settings table<string, any>
---@field group? string
---@field key? string in `keys`
---@field data? table<string, string> in `data`: data and binaryData together, as bytes
---@field object? table in `object`: the fields so far
---@field report? moontide.Report in `status`

---@class moontide.Codec
---@field encode fun(value: any): string
---@field decode fun(text: string): any

---@class moontide.Helpers
---@field json moontide.Codec
---@field yaml moontide.Codec
---@field base64 moontide.Codec
moontide = {}

---Whether one of the comma-separated regexes (RE2) is the whole text.
---@param list string|string[]?
---@param text string
---@return boolean
function moontide.any(list, text) end

---Whether the text matches a glob: `*` is any text, `?` one character.
---@param pattern string
---@param text string
---@return boolean
function moontide.glob(pattern, text) end

---The text as a valid key of a ConfigMap or Secret.
---@param text string
---@return string
function moontide.key(text) end

---A list, also where it is empty (`{}` is a map).
---@param elements? table
---@return table
function moontide.list(elements) end

---The captures of a regex (RE2), or the whole match, or nil.
---@param text string
---@param regex string
---@return string? ...
function moontide.match(text, regex) end

---The text as a valid name of an object.
---@param text string
---@return string
function moontide.name(text) end

---SHA-256, in hex digits.
---@param text string
---@return string
function moontide.sha256(text) end

---What a Go template (text/template, with Helm's usual functions) prints for the values. A text that does not parse, and
---what fails on these values, is an error with line, column and node.
---@param text string
---@param values? any
---@param options? { name?: string, missing?: "error" } what errors call it; a missing key is an error, not "<no value>"
---@return string
function moontide.template(text, values, options) end

---Why the text is no template, with line and node; nil where it is one. For `status`: no values are needed.
---@param text string
---@param options? { name?: string }
---@return string?
function moontide.template_error(text, options) end

---Tells the user about the objects in hand; the copy is made all the same.
---@param text string
function moontide.warn(text) end
